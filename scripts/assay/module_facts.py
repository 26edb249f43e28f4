"""What a module's source says: its digest, what it imports, what it declares.

It follows from the source alone, so it is kept by the source's content, beside Python's bytecode and like it:
only where Python writes bytecode, made again where it is lost.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from assay import bytecode, modules, syntax
from assay.errors import UserError
from assay.modules import imported_module, looking, parse, read_source
from assay.store import read_index, write_atomically
from assay.syntax import TYPE_CHECKING, tree_digest

_EXAMPLES = {"IMPORTS": "package.module", "DATA_FILES": "page.html"}
_IMPORTERS = ("importlib.import_module", "import_module", "__import__")
"""Functions whose first argument, where it is a text in the source, is an import."""
_INDEX = Path(importlib.util.cache_from_source(__file__)).with_suffix(".json")
_READING = tuple(
    str(Path(module).resolve()) for module in (modules.__file__, syntax.__file__, __file__) if module
)
"""The code that reads sources."""
_SOURCES = [read_source(Path(file)) for file in _READING]
_VERSION = hashlib.sha256(b"".join([sys.version.encode(), *_SOURCES])).hexdigest()
"""What decides what is read from a source: Python, and that code, as it is imported now."""
_MOST = 2_000
"""Sources that are kept; then the oldest are dropped."""


class Facts(NamedTuple):
    """What a source says."""

    digest: str
    """SHA-256 of its syntax tree."""
    imported: tuple[str, ...]
    """Names that its import statements may load, submodules of `from` imports included."""
    modules: tuple[str, ...]
    """Those of IMPORTS."""
    files: tuple[str, ...]
    """Those of DATA_FILES."""


def facts(file: Path, name: str) -> Facts:
    """What the source of a module says, as it lies on disk now.

    Args:
        file: the module's.
        name: its full name.

    Raises:
        UserError: it is not valid Python, or does not declare what it declares in so many words.
    """
    source, is_package = read_source(file), file.name == "__init__.py"
    key = f"{name} {is_package} {hashlib.sha256(source).hexdigest()}"
    known = _known()
    if key not in known:
        tree = parse(source, file)
        known[key] = Facts(
            tree_digest(tree),
            tuple(dict.fromkeys(_imports(tree, name, is_package))),
            _declared(tree, "IMPORTS", file),
            _declared(tree, "DATA_FILES", file),
        )
        _new.append(key)
    return known[key]


_new: list[str] = []
"""What `save` has to save."""


def save() -> None:
    """Keep what was not known, for other processes."""
    if not _new or sys.dont_write_bytecode or any(map(bytecode.is_other, _READING)):
        return
    _new.clear()
    newest = dict(list(_known().items())[-_MOST:])
    with suppress(OSError):  # it can be made again
        write_atomically(_INDEX, json.dumps({"version": _VERSION, "facts": newest}))


@functools.cache
def _known() -> dict[str, Facts]:
    """Module and checksum of its source → what it says."""
    with looking():
        index = read_index(_INDEX)
    if index.get("version") != _VERSION:
        return {}
    return {key: Facts(found[0], *map(tuple, found[1:])) for key, found in index["facts"].items()}


def _declared(tree: ast.Module, constant: str, file: Path) -> tuple[str, ...]:
    """What a module says in one of its constants, IMPORTS or DATA_FILES.

    Raises:
        UserError: it does not say it in so many words.
    """
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if value is not None and any(isinstance(t, ast.Name) and t.id == constant for t in targets):
            with suppress(ValueError):
                found = ast.literal_eval(value)
                if isinstance(found, list | tuple) and all(isinstance(name, str) for name in found):
                    return tuple(found)
            like = _EXAMPLES[constant]
            raise UserError(f'{file}: {constant}: must be names in so many words, such as ("{like}",)')
    return ()


def _imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Names that the import statements of a module may load, submodules of `from` imports included."""
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = imported_module(node, module, is_package)
            if base:
                yield base
            yield from (".".join(filter(None, (base, alias.name))) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _IMPORTERS:
            match node.args:
                case [ast.Constant(value=str(name)), *_] if not name.startswith("."):
                    yield name
                case [ast.Constant(value=str(name)), ast.Constant(value=str(package)), *_]:
                    yield _relative(name, package, True)
                case [ast.Constant(value=str(name)), *_]:  # to `__package__`, or it would not be read here
                    yield _relative(name, module, is_package)


def _relative(name: str, module: str, is_package: bool) -> str:
    """The full name of `..name`, as `import_module` takes it."""
    bare = name.lstrip(".")
    return imported_module(ast.ImportFrom(bare, [], len(name) - len(bare)), module, is_package)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
            for branch in node.orelse:
                yield branch
                yield from _executed(branch)
            continue
        yield node
        yield from _executed(node)
