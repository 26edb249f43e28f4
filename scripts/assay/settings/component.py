"""Components in settings: a name, and keyword settings checked against what the component takes."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model, model_validator

from assay import components
from assay.canonical import canonical_json
from assay.errors import SettingError
from assay.settings.base import Settings, Strict, is_same, present_names, shown
from assay.signature import Setting


class Component(Settings):
    """A component by `name` (a short name or `package.module:Name`) and its keyword settings."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    group: ClassVar[str]

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) == 1 and "name" not in value:
            [(name, settings)] = value.items()
            if isinstance(settings, dict) and name in components.names(cls.group):
                raise ValueError(f"write {{name: {name}, …}} instead of {{{name}: …}}")
        return {"name": value} if isinstance(value, str) else value

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword settings."""
        return dict(self.__pydantic_extra__ or {})

    def parts(self) -> Iterator[tuple[str, Component]]:
        """(setting, component) of every setting that is itself a component, such as a model's encoder."""
        for setting in components.define(self.group, self.name).settings.values():
            if setting.group not in _KINDS:
                continue
            value = self.settings.get(setting.name, setting.default)
            if value is None:
                continue
            if isinstance(value, Mapping) and "name" not in value and isinstance(setting.default, str):
                value = {"name": setting.default, **value}
            yield setting.name, _KINDS[setting.group].model_validate(value)

    def variants(self) -> dict[str, str]:
        """Setting → variant, of the settings that name a variant whose run is read."""
        defined = components.define(self.group, self.name).settings.values()
        return {s.name: self.settings[s.name] for s in defined if s.group == "variants"}

    def with_present_names(self) -> Component:
        """The same component with the keys that its settings have now (its RENAMED and RETIRED).

        Raises:
            ValueError: see `present_names`.
        """
        renamed, retired = _ledger(components.define(self.group, self.name))
        return type(self).model_validate(
            {"name": self.name, **present_names(self.settings, renamed, retired)}
        )

    def with_settings(self, changes: Mapping[str, Any]) -> Component:
        """The same component with some of its settings changed."""
        return type(self).model_validate({"name": self.name, **self.settings, **changes})

    def resolved(self) -> Component:
        """The same component with its settings checked and its defaults filled in.

        Settings that are components must have been resolved before.

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
        """The name and the settings that differ from the component's own defaults.

        What names a variant is left out: the address of its run is part of the recipe, not its name.
        """
        definition = components.define(self.group, self.name)
        defined, (renamed, _) = definition.settings, _ledger(definition)
        parts = {key: part.identifying() for key, part in self.parts()}
        found: dict[str, Any] = {"name": self.name}
        for key, value in self.settings.items():
            if key in defined and defined[key].group == "variants":
                continue
            if key in parts:
                if parts[key] != {"name": defined[key].default}:
                    found[renamed.get(key, key)] = parts[key]
            elif not (key in defined and _is_default(value, defined[key])):
                found[renamed.get(key, key)] = value
        return found


class Dataset(Component):
    """Where samples come from."""

    group = "datasets"

    def file_settings(self) -> list[str]:
        """The settings that name data files (annotated `InputFile`) and are given."""
        defined = components.define(self.group, self.name).settings.values()
        return [s.name for s in defined if s.is_file and self.settings.get(s.name) is not None]


class Augmentation(Component):
    """A random change of training samples."""

    group = "augmentations"


class Callback(Component):
    """What is called while a run is trained, and may end it."""

    group = "callbacks"


class Encoder(Component):
    """From a sample to a vector."""

    group = "encoders"


class Decoder(Component):
    """From a vector to a sample."""

    group = "decoders"


class Latent(Component):
    """The space between encoder and decoder."""

    group = "latents"


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


_KINDS: dict[str, type[Component]] = {kind.group: kind for kind in Component.__subclasses__()}


def _ledger(definition: components.Definition) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """What a component says of keys that were renamed or retired."""
    return definition.literals.get("RENAMED", {}), definition.literals.get("RETIRED", {})


def _require_plain(key: str, value: Any) -> None:
    """Refuse what canonical JSON cannot hold, also where a setting's type says nothing."""
    try:
        canonical_json(value)
    except ValueError as error:
        raise SettingError(key, f"{shown(value)} is not a finite number") from error
    except TypeError as error:
        raise SettingError(key, f"must be plain data, not {shown(value)}") from error


@functools.cache
def _signature(definition: components.Definition, given: frozenset[str]) -> type[Strict]:
    """The settings of a component as a model; those with a computed default only if they are given."""
    fields: dict[str, Any] = {  # aliases, because a setting may have any name and a field may not
        f"setting_{index}": (
            Annotated[s.annotation, Field(alias=s.name)],
            _default(s) if s.is_literal else ...,
        )
        for index, s in enumerate(definition.settings.values())
        if s.is_literal or s.required or s.name in given
    }
    return create_model(definition.attribute, __base__=Strict, **fields)


@functools.cache
def _default(setting: Setting) -> Any:
    """A literal default as its annotation has it: 2 is 2.0 where a float is meant."""
    try:
        return TypeAdapter(setting.annotation).validate_json(json.dumps(setting.default), strict=True)
    except ValidationError:
        return setting.default


def _is_default(value: Any, setting: Setting) -> bool:
    """Whether a value is a literal default."""
    return setting.is_literal and is_same(value, _plain_default(setting))


@functools.cache
def _plain_default(setting: Setting) -> Any:
    """A literal default as plain data."""
    return TypeAdapter(Any).dump_python(_default(setting))
