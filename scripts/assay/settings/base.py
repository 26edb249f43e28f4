"""What all settings share: unknown keys refused, no silent conversions, one identifying form."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from assay.canonical import canonical_json

Location = tuple[str | int, ...]
"""Where a setting is: the keys that lead to it."""


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


def _identity(value: Any) -> Any:
    if isinstance(value, list):
        return [_identity(item) for item in value]
    return value.identifying() if isinstance(value, Settings) else value


def either(text: str) -> WrapValidator:
    """A validator for a union of types that says in one sentence what is valid."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValueError(f"must be {text}, not {shown(value)}") from error

    return WrapValidator(check)


def shown(value: Any) -> str:
    """A value as a user wrote it, short."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
