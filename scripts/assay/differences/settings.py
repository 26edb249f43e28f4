"""Two versions of settings compared, key by key.

A key that an older version of Assay did not have is no difference where the other side has its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assay.canonical import canonical_json
from assay.settings.stages import STAGES
from assay.settings.validate import validate


class _NotSet:
    """The value of a key that one side does not have."""

    def __repr__(self) -> str:
        return "not set"


NOT_SET = _NotSet()


@dataclass(frozen=True)
class Value:
    """A key whose values differ."""

    key: str
    """Dotted; `teacher: model.widths` for a setting of what is read as `teacher`."""
    old: Any
    new: Any
    """Plain data, or NOT_SET."""

    def plain(self) -> dict[str, Any]:
        """As JSON: without a value that is not set."""
        sides = {"old": self.old, "new": self.new}
        return {"key": self.key, **{side: value for side, value in sides.items() if value is not NOT_SET}}


def compare(stage: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Value]:
    """The keys of a stage's settings that differ, those of components included.

    Args:
        stage: a key of STAGES.
        old: settings as a recipe file has them.
        new: the same of another one.
    """
    found = list(differing(old, new))
    if all(value.old is not NOT_SET and value.new is not NOT_SET for value in found):
        return found
    complete = [validate(STAGES[stage], dict(settings))[0] for settings in (old, new)]
    plain = [settings.model_dump(mode="json") for settings in complete if settings is not None]
    return list(differing(plain[0], plain[1])) if len(plain) == 2 else found  # or a component is no more


def differing(old: Any, new: Any, key: str = "") -> Iterator[Value]:
    """The dotted keys at which plain data differ."""
    if _is_mapping(old, new):
        for name in {**_or_empty(old), **_or_empty(new)}:
            at = f"{key}.{name}" if key else str(name)
            yield from differing(_or_empty(old).get(name, NOT_SET), _or_empty(new).get(name, NOT_SET), at)
    elif _are_components(old, new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differing(one, other, f"{key}.{index}")
    elif repr(old) != repr(new) and _text(old) != _text(new):
        yield Value(key, old, new)


def _is_mapping(old: Any, new: Any) -> bool:
    """Whether keys can be compared: one side may have none, but no other kind of value."""
    kinds = [isinstance(value, Mapping) for value in (old, new) if value is not NOT_SET]
    return all(kinds) and bool(_or_empty(old) or _or_empty(new))


def _or_empty(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _are_components(old: Any, new: Any) -> bool:
    """Whether both are lists that are compared item by item."""
    if not (isinstance(old, list) and isinstance(new, list) and len(old) == len(new)):
        return False
    return any(isinstance(item, Mapping) for item in (*old, *new))


def _text(value: Any) -> str:
    """Equal exactly if the values are: 1 is not 1.0, as in an address."""
    return "" if value is NOT_SET else canonical_json(value)
