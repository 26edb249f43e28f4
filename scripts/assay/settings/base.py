"""What all settings share: unknown keys refused, no silent conversions, components resolved."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    model_validator,
)

from assay import components
from assay.canonical import canonical_json
from assay.errors import SettingError, UserError, choose

Location = tuple[str | int, ...]


class Settings(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    def identifying(self) -> dict[str, Any]:
        """What of the settings decides bytes: fields that differ from their defaults."""
        found: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value = _identity(getattr(self, name))
            if field.is_required() or canonical_json(value) != canonical_json(_identity(field.default)):
                found[name] = value
        return found


S = TypeVar("S", bound=Settings)


def _identity(value: Any) -> Any:
    return value.identifying() if isinstance(value, Settings) else value


def _require_plain(key: str, value: Any) -> None:
    """Refuse what canonical JSON cannot hold, also where a setting's type says nothing."""
    try:
        canonical_json(value)
    except ValueError as error:
        raise SettingError(key, f"{shown(value)} is not a finite number") from error
    except TypeError as error:
        raise SettingError(key, f"must be plain data, not {shown(value)}") from error


@functools.cache
def _signature(definition: components.Definition, given: frozenset[str]) -> type[Settings]:
    """The settings of a component as a model; those with a computed default only if they are given."""
    fields: dict[str, Any] = {  # aliases, because a setting may have any name and a field may not
        f"setting_{index}": (
            Annotated[s.annotation, Field(alias=s.name)],
            _default(s) if s.is_literal else ...,
        )
        for index, s in enumerate(definition.settings.values())
        if s.is_literal or s.required or s.name in given
    }
    return create_model(definition.attribute, __base__=Settings, **fields)


@functools.cache
def _default(setting: components.Setting) -> Any:
    """A literal default as its annotation has it: 2 is 2.0 where a float is meant."""
    try:
        return TypeAdapter(setting.annotation).validate_json(json.dumps(setting.default), strict=True)
    except ValidationError:
        return setting.default


@functools.cache
def _default_json(setting: components.Setting) -> str | None:
    """Canonical JSON of a literal default."""
    return canonical_json(TypeAdapter(Any).dump_python(_default(setting))) if setting.is_literal else None


class Component(Settings):
    """A component by `name` (a short name or `package.module:Name`) and its keyword settings."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    group: ClassVar[str]

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword settings."""
        return dict(self.__pydantic_extra__ or {})

    def resolved(self) -> Component:
        """The same component with its settings checked and its defaults filled in.

        Raises:
            UserError: there is no such component, or a setting is not plain data.
            ValidationError: a setting is unknown, missing, or of the wrong type.
        """
        definition = components.define(self.group, self.name)
        signature = _signature(definition, frozenset(self.settings))
        for key, value in self.settings.items():
            _require_plain(key, value)
        # in JSON a list is good for a tuple
        checked = signature.model_validate_json(json.dumps(self.settings))
        plain = checked.model_dump(mode="json", by_alias=True)
        return type(self).model_validate({**plain, "name": self.name})

    def identifying(self) -> dict[str, Any]:
        """The name and the settings that differ from the component's own defaults."""
        defined = components.define(self.group, self.name).settings
        return {"name": self.name} | {
            key: value
            for key, value in self.settings.items()
            if key not in defined or canonical_json(value) != _default_json(defined[key])
        }


class Dataset(Component):
    """Where samples come from."""

    group = "datasets"

    def file_settings(self) -> list[str]:
        """The settings that name data files (annotated `InputFile`) and are given."""
        defined = components.define(self.group, self.name).settings.values()
        return [s.name for s in defined if s.is_file and self.settings.get(s.name) is not None]


class Loss(Component):
    """What training minimises."""

    group = "losses"


class Model(Component):
    """What is trained."""

    group = "models"


class Optimizer(Component):
    """How weights are stepped."""

    group = "optimizers"


class Scheduler(Component):
    """How the learning rate changes from epoch to epoch."""

    group = "schedulers"


class Task(Component):
    """What a batch means: its loss, its metrics."""

    group = "tasks"


def validate(model: type[S], content: Any) -> tuple[S | None, list[tuple[Location, str]]]:
    """Check content against settings, components included.

    Returns:
        The settings with every default filled in, or None; and what is wrong: (location, text).
    """
    try:
        settings = model.model_validate(content)
    except ValidationError as error:
        return None, list(explain(error, model))
    problems: list[tuple[Location, str]] = []
    resolved = _resolve(settings, (), problems)
    return (None, problems) if problems else (resolved, problems)


def _resolve(settings: S, at: Location, problems: list[tuple[Location, str]]) -> S:
    """Resolve every component below `settings`, noting what is wrong."""
    changed: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Component):
            try:
                changed[name] = value.resolved()
            except SettingError as error:
                problems.append(((*at, name, error.key), f"{value.name}: {error.text}"))
            except UserError as error:
                problems.append(((*at, name, "name"), str(error)))
            except ValidationError as error:
                texts: dict[Location, list[str]] = {}
                for where, text in explain(error, value):
                    texts.setdefault(where, []).append(text)
                problems.extend(
                    ((*at, name, *where), f"{value.name}: {' or '.join(told)}")  # parts of a union
                    for where, told in texts.items()
                )
        elif isinstance(value, Settings):
            changed[name] = _resolve(value, (*at, name), problems)
    return settings.model_copy(update=changed)


_WORDS = {"Input should be": "must be", "dictionary": "mapping", "array": "list", "valid tuple": "list"}
"""Terms of pydantic's, and what a user of YAML calls them."""


def explain(error: ValidationError, model: type[Settings] | Component) -> Iterator[tuple[Location, str]]:
    """Each error of pydantic's in a user's words, with the nearest valid choice."""
    for item in error.errors(include_url=False):
        where, kind, given = _location(item["loc"], model), item["type"], item["input"]
        if kind in ("model_type", "model_attributes_type"):
            yield where, f"must be a mapping of settings, not {shown(given)}"
        elif "[key]" in item["loc"] or kind == "invalid_key":
            yield where[:-1], f"a key must be text; put it in quotes: '{given}'"
        elif kind == "extra_forbidden":
            valid = _keys(model, where[:-1])
            yield where, f"unknown key; {choose(where[-1], valid, 'key')}"
        elif kind == "missing":
            yield where, "is missing"
        elif kind == "literal_error":
            valid = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            yield where, f"{given!r} is not valid; {choose(given, valid)}"
        elif kind in ("finite_number", "float_type") and _is_nan(given):
            yield where, f"{given!r} is not a finite number"
        else:
            text = item["msg"].removeprefix("Value error, ")
            for term, word in _WORDS.items():
                text = text.replace(term, word)
            yield where, text if kind == "value_error" else f"{text}, not {shown(given)}"


def shown(value: Any) -> str:
    """A value as a user wrote it, short."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _location(at: Location, model: type[Settings] | Component) -> Location:
    """Where an error is, without pydantic's marks for the parts of a union."""
    at = tuple(step for step in at if step != "[key]")
    if isinstance(model, Component):
        return at[:1]
    unions = ("name", "settings")
    return at[:1] + at[2:] if at[:1] == ("machine",) and at[1:2] and at[1] in unions else at


def either(text: str) -> WrapValidator:
    """A validator for a union of types that says in one sentence what is valid."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValueError(f"must be {text}, not {shown(value)}") from error

    return WrapValidator(check)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _keys(model: type[Settings] | Component, at: Location) -> list[str]:
    """The keys that are valid at a location of a settings model."""
    if isinstance(model, Component):
        return ["name", *components.define(model.group, model.name).settings]
    kind: Any = model
    for step in at:
        field = kind.model_fields.get(step) if hasattr(kind, "model_fields") else None
        kinds = [] if field is None else [field.annotation, *get_args(field.annotation)]
        kinds = [part for kind in kinds for part in (kind, *get_args(kind))]
        kind = next((part for part in kinds if hasattr(part, "model_fields")), None)
    return list(kind.model_fields) if hasattr(kind, "model_fields") else []
