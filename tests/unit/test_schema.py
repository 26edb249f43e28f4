"""The ledger of released settings: no key that was released moves an address when the schema goes on.

golden/defaults.json             every key that was ever released, by its first name, and its default
golden/schema/<version>/         studies of that version, and the first half of every address that they had

Neither is ever edited; new keys and versions are added: `python tests/unit/test_schema.py FOLDER`, where FOLDER
is golden/schema/<version> of the next version with its studies, writes the addresses into it and adds the new
keys to the defaults.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from unittest import mock

import pytest
from assay import closure, components, settings
from assay.canonical import canonical_json
from assay.jobs import jobs
from assay.plan import load_plan
from assay.recipe import from_yaml, to_yaml
from assay.settings.base import Settings
from assay.settings.component import Component, Model
from assay.settings.training import TrainingSettings
from assay.settings.validate import validate
from caches import forget

GOLDEN = Path(__file__).parent / "golden"
DEFAULTS = json.loads((GOLDEN / "defaults.json").read_text())
VERSIONS = sorted((GOLDEN / "schema").glob("*"))
NEVER = (
    "A released default never changes: results that exist were computed with the old one, and their "
    "addresses leave it out. Give the new behaviour a new key."
)


def every_default() -> dict[str, dict[str, Any]]:
    """Settings class or component → key as introduced → its default, `required` where it has none."""
    found: dict[str, dict[str, Any]] = {}
    for module in pkgutil.iter_modules(settings.__path__, "assay.settings."):
        for value in vars(importlib.import_module(module.name)).values():
            is_settings = isinstance(value, type) and issubclass(value, Settings)
            if not is_settings or value in (Settings, Component):
                continue
            found[value.__name__] = dict(value.RETIRED) | {
                value.RENAMED.get(name, name): "required"
                if field.is_required()
                else field.default.model_dump(mode="json")
                if isinstance(field.default, Settings)
                else field.default
                for name, field in value.model_fields.items()
            }
    for group in components.GROUPS:
        for name in components.names(group):
            definition = components.define(group, name)
            renamed = definition.literals.get("RENAMED", {})
            found[f"{group}/{name}"] = dict(definition.literals.get("RETIRED", {})) | {
                renamed.get(s.name, s.name): "required" if s.required else s.default
                for s in definition.settings.values()
            }
    return found


def test_no_default_has_changed() -> None:
    now = every_default()
    for place, keys in DEFAULTS.items():
        assert place in now, f"{place} is gone: recipes that name it can no longer be read"
        for key, default in keys.items():
            assert key in now[place], f"{place}.{key} is gone: recipes that have it can no longer be read"
            same = holds(now[place][key], default)
            assert same, f"{place}.{key} was {default!r} and is {now[place][key]!r}. {NEVER}"


def holds(now: Any, released: Any) -> bool:
    """Whether a default is the released one; a group of settings may have got new keys."""
    if isinstance(released, dict) and isinstance(now, dict) and released:
        return all(key in now and holds(now[key], value) for key, value in released.items())
    return json.dumps(now, sort_keys=True) == json.dumps(released, sort_keys=True)


def test_every_key_is_held_by_the_golden_table() -> None:
    for place, keys in every_default().items():
        missing = keys.keys() - DEFAULTS.get(place, {}).keys()
        assert not missing, f"add to golden/defaults.json, under {place!r}: { {k: keys[k] for k in missing} }"


# --- addresses of released versions, replayed


@contextmanager
def without_code() -> Iterator[None]:
    """Addresses whose code is always the same: they differ by settings alone."""
    with mock.patch.object(closure, "closure", lambda entries: {"code": "0" * 64}):
        yield


def addresses(version: Path, store: Path) -> dict[str, list[str]]:
    """Study → stage and first half of the address of each of its recipes, as this version of Assay has them."""
    found = {}
    for path in sorted(version.glob("*.yaml")):
        machine = {"results": str(store), "data": str(version)}
        with without_code():
            plan = load_plan({"study": str(path), "machine": machine})
            recipes = {job.recipe.stage + " " + job.recipe.address[:12] for job in jobs(plan.studies[0])}
        found[path.stem] = sorted(recipes)
    return found


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_studies_of_released_versions_keep_their_addresses(version: Path, tmp_path: Path) -> None:
    assert addresses(version, tmp_path) == json.loads((version / "addresses.json").read_text())


def test_the_ledger_tells_addresses_apart(tmp_path: Path) -> None:
    version = VERSIONS[-1]
    text = (version / "digits.yaml").read_text()
    (tmp_path / "digits.yaml").write_text(text.replace("question: ", "question: Again, "))
    released = set(json.loads((version / "addresses.json").read_text())["digits"])
    [changed] = set(addresses(tmp_path, tmp_path)["digits"]) - released
    assert changed.startswith("report ")


# --- what may happen to a key


class Later(TrainingSettings):
    """The settings of a later version: one key has another name, one is gone, one is new."""

    RENAMED: ClassVar[Mapping[str, str]] = {"rate": "learning_rate"}
    RETIRED: ClassVar[Mapping[str, Any]] = {"momentum_warmup": 5}
    rate: float = 1e-3
    patience: int = 7
    learning_rate: ClassVar[None] = None  # type: ignore[assignment]


class LaterModels(Settings):
    """Settings with a model in them."""

    model: Model


def later(**given: Any) -> Any:
    found, wrong = validate(Later, given)
    assert found is not None, wrong
    return found


def test_a_renamed_key_keeps_its_identity() -> None:
    before, _ = validate(TrainingSettings, {"learning_rate": 0.5, "epochs": 3})
    assert before is not None
    expected = canonical_json(before.identifying())
    assert canonical_json(later(learning_rate=0.5, epochs=3).identifying()) == expected
    assert canonical_json(later(rate=0.5, epochs=3).identifying()) == expected
    assert canonical_json(later(rate=0.25, epochs=3).identifying()) != expected


def test_both_names_of_a_key_are_too_many() -> None:
    _, wrong = validate(Later, {"rate": 0.5, "learning_rate": 0.5})
    assert wrong == [((), "'learning_rate' is now called 'rate', and both are given; keep 'rate'")]


def test_a_retired_key_may_still_have_its_default() -> None:
    assert later(momentum_warmup=5).identifying() == later().identifying() == {}
    _, [(_, text)] = validate(Later, {"momentum_warmup": 6})
    assert "'momentum_warmup' is no key any more, and 6 was not its default" in text


def test_a_new_optional_key_is_no_part_of_the_identity_at_its_default() -> None:
    assert later(patience=7).identifying() == {}
    assert later(patience=8).identifying() == {"patience": 8}


BEFORE = "class Net:\n    def __init__(self, shape, outputs, *, width: int = 8, depth: int = 2): ...\n"
AFTER = """
class Net:
    RENAMED = {"units": "width"}
    RETIRED = {"depth": 2}
    def __init__(self, shape, outputs, *, units: int = 8, bias: bool = True): ...
"""


def test_a_component_s_keys_are_renamed_and_retired_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"name": "net_of_versions:Net", "width": 16, "depth": 2}

    def identity(**changes: Any) -> str:
        forget()
        found, wrong = validate(LaterModels, {"model": given | changes})
        assert found is not None, wrong
        return canonical_json(found.identifying())

    file = tmp_path / "net_of_versions.py"
    file.write_text(BEFORE)
    before = identity()
    file.write_text(AFTER)
    assert identity() == before
    assert identity(bias=False) != before
    _, wrong = validate(LaterModels, {"model": given | {"depth": 3}})
    assert wrong[0][0] == ("model",) and "'depth' is no key any more" in wrong[0][1]


def test_a_recipe_with_keys_of_an_older_version_is_read(tmp_path: Path) -> None:
    version = VERSIONS[0]
    plan = load_plan({"study": str(version / "digits.yaml"), "machine": {"results": str(tmp_path)}})
    text = to_yaml(plan.studies[0].variants[0].train)
    path = tmp_path / "recipe.yaml"
    path.write_text(text.replace("    epochs:", "    old_epochs:"))
    with mock.patch.object(TrainingSettings, "RENAMED", {"epochs": "old_epochs"}):
        assert (
            from_yaml(path).settings.training.epochs
            == plan.studies[0].variants[0].train.settings.training.epochs
        )


def release(version: Path, defaults: Path = GOLDEN / "defaults.json") -> None:
    """Write the files of a version whose studies lie in a folder; what is there of earlier ones stays."""
    with TemporaryDirectory() as store:
        text = json.dumps(addresses(version, Path(store)), indent=1)
    (version / "addresses.json").write_text(text + "\n")
    released = json.loads(defaults.read_text())
    now = {place: keys | released.get(place, {}) for place, keys in every_default().items()}
    defaults.write_text(json.dumps(released | now, indent=1, sort_keys=True) + "\n")


def test_the_files_of_the_next_version_are_written_as_they_are_read(tmp_path: Path) -> None:
    version, defaults = tmp_path / "9", tmp_path / "defaults.json"
    shutil.copytree(VERSIONS[-1], version, ignore=shutil.ignore_patterns("addresses.json"))
    older = {place: dict(keys) for place, keys in DEFAULTS.items()}
    del older["TrainingSettings"]["epochs"], older["losses/huber"]
    older["TrainingSettings"]["batch_size"] = -1  # what was released is never edited
    defaults.write_text(json.dumps(older))
    release(version, defaults)
    assert (version / "addresses.json").read_bytes() == (VERSIONS[-1] / "addresses.json").read_bytes()
    assert sorted(path.name for path in version.iterdir()) == sorted(p.name for p in VERSIONS[-1].iterdir())
    written = json.loads(defaults.read_text())
    assert written["TrainingSettings"].pop("batch_size") == -1
    assert written["losses/huber"] == DEFAULTS["losses/huber"]
    assert written["TrainingSettings"].items() <= DEFAULTS["TrainingSettings"].items()
    assert "epochs" in written["TrainingSettings"]


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("FOLDER: golden/schema/<version>, with the studies of the version that is released")
    release(Path(sys.argv[1]))
