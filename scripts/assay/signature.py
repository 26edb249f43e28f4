"""What a component takes, read from its syntax tree: settings, their types and defaults.

Nothing of the component's is run: types are looked up by name, defaults are literals.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Optional, Union

from pydantic import PydanticSchemaGenerationError, TypeAdapter

from assay.errors import UserError

REQUIRED = object()
COMPUTED = object()
_TYPES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (int, float, bool, str, list, tuple, dict)},
    **{"Any": Any, "Literal": Literal, "Optional": Optional, "Union": Union, "None": None},
    **{"InputFile": str, "Sequence": list, "Mapping": dict},
}
"""The names that annotations of settings may use."""


@dataclass(frozen=True, eq=False)
class Setting:
    """One keyword argument that a component takes from a study."""

    name: str
    annotation: Any
    default: Any = REQUIRED
    is_file: bool = False
    group: str | None = None
    """The group of components that it is one of: `Annotated[str | Mapping[str, Any], "encoders"]`; or
    `variants`, if it names a variant of the study whose run is read: `Annotated[str, "variants"]`."""

    @property
    def required(self) -> bool:
        """Whether a study must give it."""
        return self.default is REQUIRED

    @property
    def is_literal(self) -> bool:
        """Whether its default is plain data; others are left to Python, and to the code's digest."""
        return self.default is not REQUIRED and self.default is not COMPUTED


def read_signature(lineage: Sequence[ast.ClassDef | ast.FunctionDef]) -> dict[str, Setting]:
    """What a study may set: keyword-only arguments, and others that have a default.

    What the workflow passes itself (a model's shapes, a loss's classes) is positional.

    Args:
        lineage: a function; or a class and those that it derives from, of which the first with an
            `__init__` counts.
    """
    functions = [
        part
        for node in lineage
        for part in (node.body if isinstance(node, ast.ClassDef) else [node])
        if isinstance(part, ast.FunctionDef) and (part is node or part.name == "__init__")
    ]
    if not functions:
        return {}
    node, arguments = lineage[0], functions[0].args
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
    nodes = [] if argument.annotation is None else list(ast.walk(argument.annotation))
    annotation, group = argument.annotation, None
    match annotation:
        case ast.Subscript(
            value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, ast.Constant(value=str(marked))])
        ):
            annotation, group = inner, str(marked)
    return Setting(
        name=argument.arg,
        annotation=_annotation(annotation),
        default=REQUIRED if default is None else _literal(default),
        is_file=any(isinstance(node, ast.Name) and node.id == "InputFile" for node in nodes),
        group=group,
    )


def _annotation(node: ast.expr | None) -> Any:
    """The type an annotation names, Any where it is not made of _TYPES."""
    if node is None:
        return Any
    try:
        kind = _type(node)
        TypeAdapter(kind)
    except (KeyError, ValueError, TypeError, SyntaxError, PydanticSchemaGenerationError):
        return Any
    return kind


def _type(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str(text)):
            return _type(ast.parse(text, mode="eval").body)
        case ast.Constant(value=value) if value is None or value is ...:
            return value
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="typing"), attr=name):
            return _TYPES[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_type(left), _type(right)]  # noqa: UP007
        case ast.Subscript(value=outer, slice=inner):
            if _type(outer) is Literal:
                return Literal[ast.literal_eval(inner)]
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _type(outer)[tuple(map(_type, parts)) if len(parts) > 1 else _type(parts[0])]
    raise ValueError(ast.unparse(node))


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


def literals(node: ast.ClassDef | ast.Module) -> dict[str, Any]:
    """Attributes of a class or module with literal values, such as a task's `metrics`."""
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
