"""Components by name: what there is in each group, where it is written, what settings it takes.

A group is a folder of this package (`models`, `losses`, …), a component one file in it: `mlp.py`
holds the class or function `MLP` (its name, case and underscores ignored). A component from
anywhere else is named by its import path, `package.module:Name`. Everything is read from the
syntax tree; nothing is imported until `assay.construct` does, in the job that needs it.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import UserError, choose
from assay.modules import deciding, find_module, import_module, imported_module, is_installed, parse_module
from assay.signature import Setting, literals, read_signature

PACKAGE = Path(__file__).parent
GROUPS = {
    "datasets": "data set",
    "augmentations": "augmentation",
    "tasks": "task",
    "models": "model",
    "encoders": "encoder",
    "latents": "latent space",
    "decoders": "decoder",
    "losses": "loss",
    "optimizers": "optimizer",
    "schedulers": "scheduler",
    "callbacks": "callback",
}
_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


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
    """Class attributes with literal values, inherited ones too; of a function, constants of its module."""
    docstring: str
    has_check: bool


def names(group: str) -> list[str]:
    """The short names of a group: its files."""
    return sorted(p.stem for p in (PACKAGE / group).glob("*.py") if not p.stem.startswith("_"))


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
    tree = parse_module(file)
    objects = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    found = [n for n in objects if n == wanted] or [n for n in objects if _same(n, wanted)]
    if not found:
        raise UserError(f"{module} defines no {wanted!r}; {choose(wanted, objects)}")
    node = objects[found[0]]
    lineage = [*_lineage(node, tree, module)] if isinstance(node, ast.ClassDef) else [node]
    said: dict[str, Any] = {}
    for part in reversed(lineage):
        said |= literals(part if isinstance(part, ast.ClassDef) else tree)
    settings = read_signature(lineage)
    if group != "tasks" and any(setting.group == "variants" for setting in settings.values()):
        raise UserError(f"{module}: only a task may read the run of a variant, not a {noun}")
    return Definition(
        group=group,
        name=name,
        module=module,
        attribute=node.name,
        file=file,
        settings=settings,
        literals=said,
        docstring=ast.get_docstring(tree) or ast.get_docstring(node) or "",
        has_check="check" in objects,
    )


def _lineage(
    node: ast.ClassDef, tree: ast.Module, module: str, above: tuple[str, ...] = ()
) -> Iterator[ast.ClassDef]:
    """A class and those that it derives from, as far as files of the project or the user define them."""
    yield node
    for base in node.bases:
        name = base.id if isinstance(base, ast.Name) else ""
        for statement in tree.body:
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                if statement.lineno < node.lineno:  # as Python has it; others would be circles
                    yield from _lineage(statement, tree, module, above)
            elif isinstance(statement, ast.ImportFrom):
                original = [alias.name for alias in statement.names if (alias.asname or alias.name) == name]
                origin = imported_module(statement, module)
                file = find_module(origin) if original and origin not in (*above, module) else None
                if file is None or is_installed(file):
                    continue
                other = parse_module(file)
                for part in other.body:
                    if isinstance(part, ast.ClassDef) and part.name == original[0]:
                        yield from _lineage(part, other, origin, (*above, module))


def check(group: str, name: str, settings: Mapping[str, Any]) -> None:
    """Call the `check` of a component's module, if it has one, with the component's settings.

    Raises:
        UserError: what the component has found wrong, before any job.
    """
    definition = define(group, name)
    if not definition.has_check:
        return
    try:
        with deciding():
            import_module(definition.module).check(**settings)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{definition.module}: check: {type(error).__name__}: {error}") from error


def _same(name: str, wanted: str) -> bool:
    return name.replace("_", "").lower() == wanted.replace("_", "").lower()
