"""Components by name: what there is in each group, where it is written, what settings it takes.

A group is a folder of this package (`models`, `losses`, …), a component one file in it: `mlp.py`
holds the class or function `MLP` (its name, case and underscores ignored). A component from
anywhere else is named by its import path, `package.module:Name`. Everything is read from the
syntax tree; nothing is imported until `load` is called in the job that needs it.
"""

from __future__ import annotations

import ast
import functools
import importlib
import json
import re
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from assay.errors import UserError, choose

PACKAGE = Path(__file__).parent
GROUPS = {
    "datasets": "data set",
    "losses": "loss",
    "models": "model",
    "optimizers": "optimizer",
    "schedulers": "scheduler",
    "tasks": "task",
}
REQUIRED = object()
COMPUTED = object()
_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, eq=False)
class Setting:
    """One keyword argument that a component takes from a study."""

    name: str
    annotation: Any
    default: Any = REQUIRED
    is_file: bool = False

    @property
    def required(self) -> bool:
        """Whether a study must give it."""
        return self.default is REQUIRED

    @property
    def is_literal(self) -> bool:
        """Whether its default is plain data; others are left to Python, and to the code's digest."""
        return self.default is not REQUIRED and self.default is not COMPUTED


@dataclass(frozen=True, eq=False)
class Definition:
    """Where a component is written and what it takes."""

    group: str
    name: str
    module: str
    attribute: str
    file: Path
    settings: Mapping[str, Setting]
    literals: Mapping[str, Any]
    docstring: str
    has_check: bool


def names(group: str) -> list[str]:
    """The short names of a group: its files."""
    return sorted(p.stem for p in (PACKAGE / group).glob("*.py") if not p.stem.startswith("_"))


def import_roots() -> list[Path]:
    """Folders in which modules are looked for: sys.path, then the current one."""
    roots = [*(Path(entry) for entry in sys.path if entry), Path.cwd()]
    return list(dict.fromkeys(root.resolve() for root in roots))


def find_module(name: str) -> Path | None:
    """The file of a module found on the import roots, without importing it or its parents."""
    relative = Path(*name.split("."))
    for root in import_roots():
        for file in (root / relative / "__init__.py", root / relative.with_suffix(".py")):
            if file.is_file():
                return file
    return None


@functools.cache
def define(group: str, name: str) -> Definition:
    """Find a component.

    Args:
        group: a key of GROUPS.
        name: a short name, or `package.module:Name`.

    Raises:
        UserError: no such component; the text leads to the nearest one.
    """
    noun = GROUPS[group]
    if name in names(group):
        module, wanted = f"assay.{group}.{name}", name
        file: Path | None = PACKAGE / group / f"{name}.py"
    elif _IMPORT_PATH.fullmatch(name):
        module, wanted = name.split(":")
        file = find_module(module)
        if file is None:
            raise UserError(
                f"there is no module {module!r} in this folder or on PYTHONPATH "
                f"(a {noun} of your own is named package.module:Name)"
            )
    else:
        raise UserError(f"there is no {noun} {name!r}; {choose(name, names(group))}")
    assert file is not None
    tree = _parse(file)
    objects = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    found = [n for n in objects if n == wanted] or [n for n in objects if _same(n, wanted)]
    if not found:
        raise UserError(f"{module} defines no {wanted!r}; {choose(wanted, objects)}")
    node = objects[found[0]]
    return Definition(
        group=group,
        name=name,
        module=module,
        attribute=node.name,
        file=file,
        settings=_signature(node, objects),
        literals=_literals(node) if isinstance(node, ast.ClassDef) else {},
        docstring=ast.get_docstring(tree) or ast.get_docstring(node) or "",
        has_check="check" in objects,
    )


def load(group: str, name: str) -> Any:
    """Import a component and return its class or function."""
    definition = define(group, name)
    return getattr(_import(definition.module), definition.attribute)


def _import(module: str) -> Any:
    root = str(Path.cwd())
    if root not in sys.path:
        sys.path.append(root)
    return importlib.import_module(module)


def check(group: str, name: str, settings: Mapping[str, Any]) -> None:
    """Call the `check` of a component's module, if it has one, with the component's settings.

    Raises:
        UserError: what the component has found wrong, before any job.
    """
    definition = define(group, name)
    if not definition.has_check:
        return
    try:
        _import(definition.module).check(**settings)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{definition.module}: check: {type(error).__name__}: {error}") from error


def not_python(file: Path, error: SyntaxError | ValueError) -> str:
    """Words for a file that does not parse."""
    line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    return f"{file}{line}: is not valid Python: {error.msg if isinstance(error, SyntaxError) else error}"


def _same(name: str, wanted: str) -> bool:
    return name.replace("_", "").lower() == wanted.replace("_", "").lower()


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        raise UserError(not_python(file, error)) from error


def _signature(node: ast.ClassDef | ast.FunctionDef, objects: Mapping[str, ast.AST]) -> dict[str, Setting]:
    """What a study may set: keyword-only arguments, and others that have a default.

    What the workflow passes itself (a model's shapes, a loss's classes) is positional.
    """
    if isinstance(node, ast.ClassDef):
        init = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        if init is None:
            bases = [objects.get(b.id) for b in node.bases if isinstance(b, ast.Name)]
            earlier = [b for b in bases if isinstance(b, ast.ClassDef) and b.lineno < node.lineno]
            return _signature(earlier[0], objects) if earlier else {}
        node = init
    arguments = node.args
    ordinary = arguments.posonlyargs + arguments.args
    pairs = [
        *zip(ordinary[len(ordinary) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    found = {a.arg: _setting(a, default) for a, default in pairs if not a.arg.startswith("_")}
    if "name" in found:
        raise UserError(f"{node.name}: a setting may not be called 'name', which names the component")
    return found


def _setting(argument: ast.arg, default: ast.expr | None) -> Setting:
    text = ast.unparse(argument.annotation) if argument.annotation else "Any"
    return Setting(
        name=argument.arg,
        annotation=_annotation(text),
        default=REQUIRED if default is None else _literal(default),
        is_file="InputFile" in text,
    )


def _annotation(text: str) -> Any:
    """The type an annotation names, Any where it is not one of Python's own."""
    known = {name: getattr(typing, name) for name in ("Any", "Literal", "Optional", "Union")}
    known |= {t.__name__: t for t in (int, float, bool, str, list, tuple, dict)}
    known |= {"InputFile": str, "Sequence": list}
    try:
        kind = eval(text.replace("typing.", ""), {"__builtins__": {}}, known)
        TypeAdapter(kind)
    except Exception:
        return Any
    return kind


def _literal(node: ast.expr) -> Any:
    """A default's value, with lists for tuples; COMPUTED where it is not plain data."""
    try:
        value = ast.literal_eval(node)
        plain = json.loads(json.dumps(value, allow_nan=False))
        return plain if plain == _lists(value) else COMPUTED
    except (ValueError, TypeError):
        return COMPUTED


def _lists(value: Any) -> Any:
    """The same value with a list for each tuple, as YAML would have it."""
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return {key: _lists(item) for key, item in value.items()} if isinstance(value, dict) else value


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    """Class attributes with literal values, such as a task's `metrics`."""
    found = {}
    for statement in node.body:
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, ast.AnnAssign)
            else []
        )
        if targets and isinstance(targets[0], ast.Name) and statement.value is not None:  # type: ignore[attr-defined]
            try:
                found[targets[0].id] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
            except ValueError:
                continue
    return found
