"""What all settings share: unknown keys refused, no silent conversions, components resolved."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from assay import components
from assay.errors import UserError, choose

Location = tuple[str | int, ...]


class Settings(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


S = TypeVar("S", bound=Settings)


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
            UserError: there is no such component.
            ValidationError: a setting is unknown, missing, or of the wrong type.
        """
        definition = components.define(self.group, self.name)
        fields: dict[str, Any] = {
            s.name: (s.annotation, FieldInfo(default=s.default)) for s in definition.settings.values()
        }
        signature = create_model(definition.attribute, __base__=Settings, **fields)
        checked = signature.model_validate(self.settings)
        given = {name: getattr(checked, name) for name in fields}
        return type(self).model_validate({"name": self.name, **given})

    def identity(self) -> dict[str, Any]:
        """The name and the settings that differ from the component's own defaults."""
        defined = components.define(self.group, self.name).settings
        return {"name": self.name} | {
            key: value
            for key, value in self.settings.items()
            if key not in defined or value != defined[key].default
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
            except UserError as error:
                problems.append(((*at, name, "name"), str(error)))
            except ValidationError as error:
                problems.extend(
                    ((*at, name, *where), f"{value.name}: {text}")
                    for where, text in explain(error, value)
                )
        elif isinstance(value, Settings):
            changed[name] = _resolve(value, (*at, name), problems)
    return settings.model_copy(update=changed)


def explain(
    error: ValidationError, model: type[Settings] | Component
) -> Iterator[tuple[Location, str]]:
    """Each error of pydantic's in a user's words, with the nearest valid choice."""
    for item in error.errors(include_url=False):
        where, kind, given = item["loc"], item["type"], item["input"]
        if kind == "extra_forbidden":
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
            text = text.replace("Input should be", "must be").replace("dictionary", "mapping")
            yield where, text if kind == "value_error" else f"{text}, not {shown(given)}"


def shown(value: Any) -> str:
    """A value as a user wrote it, short."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


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
        kind = field.annotation if field is not None else None
    return list(kind.model_fields) if hasattr(kind, "model_fields") else []
