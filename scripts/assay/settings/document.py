"""Documentation of the settings, from their docstrings: `config/README.md` and the JSON Schemas.

Run it (`make docs`) after changing a setting; a test fails while they differ.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

sys.path.insert(0, str(Path(__file__).parents[2]))

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from assay import components
from assay.settings.base import Settings
from assay.settings.component import Component
from assay.settings.config import ConfigSettings
from assay.settings.resources import TrainJobSettings
from assay.settings.study import StudySettings
from assay.settings.variant import VariantSettings
from assay.signature import Setting

CONFIG = Path(__file__).parents[3] / "config"


def documents() -> dict[Path, str]:
    """Every generated file of `config/` and its text."""
    _describe(Settings)
    template = (Path(__file__).parent / "document.md").read_text(encoding="utf-8")
    return {
        CONFIG / "README.md": template.format(
            config=_table(ConfigSettings),
            study=_table(StudySettings),
            run=_table(VariantSettings),
            jobs=_table(TrainJobSettings),
            components=_components(),
        ),
        CONFIG / "schema/study.json": _json(study_schema()),
        CONFIG / "schema/config.json": _json(_schema(ConfigSettings, "Assay configuration")),
    }


def _describe(kind: type[Settings], inherited: Mapping[str, str] = MappingProxyType({})) -> None:
    """Give the fields of a class, and of all that are derived from it, the texts below them as descriptions.

    Pydantic would, too, in every process that imports a class: it parses the source of each.
    """
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    texts = dict(inherited)
    for field, text in itertools.pairwise(body.body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name) and isinstance(text.value, ast.Constant)
            texts[field.target.id] = inspect.cleandoc(str(text.value.value))
    for name in texts.keys() & kind.model_fields.keys():
        kind.model_fields[name].description = texts[name]
    kind.model_rebuild(force=True)
    for derived in kind.__subclasses__():
        _describe(derived, texts)


def study_schema() -> dict[str, Any]:
    """JSON Schema of a study file, with the settings of a run under `base`."""
    schema = _schema(StudySettings, "Assay study")
    run = _schema(VariantSettings, "Settings of a run")
    schema["$defs"] = {**schema.get("$defs", {}), **run.pop("$defs")}
    dotted: dict[str, Any] = {"patternProperties": {r"^[a-z_]+(\.[a-z_]+)+$": {}}}
    schema["properties"]["base"] |= run | dotted
    overrides = {"properties": run["properties"] | {"grid": schema["properties"]["grid"]}} | dotted
    schema["properties"]["variants"]["additionalProperties"] = {
        "anyOf": [{"type": "object", "additionalProperties": False, **overrides}, {"type": "null"}]
    }
    return schema


def _schema(model: type[Settings], title: str) -> dict[str, Any]:
    schema = model.model_json_schema()
    for name, definition in schema.get("$defs", {}).items():
        kind = next((c for c in Component.__subclasses__() if c.__name__ == name), None)
        if kind is not None:
            schema["$defs"][name] = _component_schema(kind)
        definition.pop("required", None)  # what is left out is the base's
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": title}


def _component_schema(kind: type[Component]) -> dict[str, Any]:
    """A component: its name, a preset, or an object with the settings of the one it names."""
    choices: list[dict[str, Any]] = [{"type": "string"}]
    for name in components.names(kind.group):
        definition = components.define(kind.group, name)
        choices.append(
            {
                "type": "object",
                "description": _first_line(definition.docstring),
                "properties": {
                    "name": {"const": name},
                    **{s.name: _setting_schema(s) for s in definition.settings.values()},
                },
                "required": ["name"],
                "additionalProperties": False,
            }
        )
    own = {
        "type": "object",
        "properties": {"name": {"type": "string", "pattern": ":"}},
        "required": ["name"],
    }
    partial = {"type": "object", "not": {"required": ["name"]}}
    return {"description": (kind.__doc__ or "").strip(), "anyOf": [*choices, own, partial]}


def _setting_schema(setting: Setting) -> dict[str, Any]:
    schema = TypeAdapter(setting.annotation).json_schema()
    if setting.group is not None:
        names = {"enum": components.names(setting.group)}
        schema = {"anyOf": [names, {"type": "string", "pattern": ":"}, {"type": "object"}]}
    return schema if setting.required else {**schema, "default": setting.default}


def _table(model: type[Settings]) -> str:
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{key}` | {kind} | {default} | {text} |" for key, kind, default, text in _rows(model)]
    return "\n".join(lines)


def _rows(model: type[Settings], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(dotted key, type, default, meaning) of every setting."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        if isinstance(field.default, Settings) and not isinstance(field.default, Component):
            yield from _rows(type(field.default), f"{key}.")
            continue
        text = " ".join((field.description or "").split()).replace("|", "\\|")
        yield key, _type(field), _default(field.default), text


def _type(field: FieldInfo) -> str:
    if isinstance(field.default, Component):
        return f"[{components.GROUPS[field.default.group]}](#{field.default.group})"
    inner = get_args(field.annotation)
    if inner and isinstance(inner[0], type) and issubclass(inner[0], Component):
        return f"list of [{components.GROUPS[inner[0].group]}s](#{inner[0].group})"
    schema = TypeAdapter[Any](field.rebuild_annotation()).json_schema()
    found = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    return " or ".join(dict.fromkeys(map(_type_name, found)))


def _type_name(schema: dict[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    names = {
        "integer": "whole number", "number": "number", "boolean": "true or false",
        "string": "text", "array": "list", "object": "mapping",
    }  # fmt: skip
    return names.get(schema.get("type", ""), "settings")


def _default(value: Any) -> str:
    if isinstance(value, Component):
        return f"`{value.name}`"
    if value in ("", {}, [], None):
        return "none"
    return f"`{json.dumps(value)}`"


def _components() -> str:
    parts = []
    for group, noun in components.GROUPS.items():
        lines = [f"### {group}\n", f"| {noun} | settings | what it is |", "| --- | --- | --- |"]
        for name in components.names(group):
            definition = components.define(group, name)
            settings = ", ".join(
                f"`{s.name}`" + ("" if s.required else f" = {json.dumps(s.default)}")
                for s in definition.settings.values()
            )
            lines.append(f"| `{name}` | {settings} | {_first_line(definition.docstring)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _first_line(docstring: str) -> str:
    return docstring.strip().split("\n")[0]


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every document."""
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(CONFIG.parent))


if __name__ == "__main__":
    main()
