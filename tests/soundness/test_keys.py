"""Every key of every recipe, changed one at a time: the jobs that follow are those that it can affect."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from assay.errors import UserError
from assay.settings.stages import STAGES
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from assay.study.check import setting_problems

from soundness import study
from soundness.keys import Key, keys, others, with_value
from soundness.plans import Planned

STAGE = {
    "data": "prepare",
    "task": "train",
    "model": "train",
    "loss": "train",
    "training": "train",
    "numerics": "train",
    "evaluation": "evaluate",
}
"""The first stage that a key of a variant's settings is for."""
NOTHING: set[Key] = {("data", "source", "path")}
"""Keys that decide no bits: a data file's content does, and not its name."""

COMPANIONS: tuple[dict[Key, Any], ...] = (
    {},
    {("training", "monitor"): "val_accuracy"},
    {("training", "monitor"): "val_r2"},
    {("training", "monitor"): "val_perplexity"},
    {("training", "scheduler", "metric"): "val_accuracy"},
    {("evaluation", "enabled"): False},
    {("numerics", "dtype"): "float32"},
    {("data", "source", "path"): "commas.csv"},
    {("loss",): "supervised_contrastive"},
    {("loss",): "cross_entropy", ("task",): "classification"},
    {("data", "source", "target"): "four", ("task",): "regression", ("loss",): "huber"},
)
"""What else is changed where a key has no other value that is valid by itself."""
NO_OTHER = {
    ("plain", ("data", "source", "targets")): "its student learns classes",
    ("taught", ("data", "source", "targets")): "it learns classes",
    ("plain", ("training", "save_artifacts")): "its student reads its checkpoint",
}
"""(variant, key) → why no other value is valid."""


def learning_together(variant: str) -> set[str]:
    """A student and its teacher must have the same data."""
    pairs = (set(pair) for pair in study.LEARN_FROM.items() if variant in pair)
    return next(pairs, {variant})


def variant_with(variant: str, changes: Mapping[Key, Any], first: Planned) -> dict[str, Any]:
    """The study with other values for some keys of a variant."""
    content = copy.deepcopy(study.STUDY)
    for key, value in changes.items():
        for name in learning_together(variant) if key[0] == "data" else {variant}:
            given, complete = content["variants"][name], first.settings[name].model_dump()
            content["variants"][name] = with_value(given, key, value, complete)
    return content


def expected(variant: str, changed: Iterable[Key], planned: Planned) -> set[study.Place]:
    """The recipes that follow from other values for these keys of a variant."""
    found: set[study.Place] = set()
    evaluated = planned.settings[variant].evaluation.enabled
    for key in set(changed) - NOTHING:
        if key == ("evaluation", "enabled"):
            found |= {("aggregate/variant", variant)}
        elif key[0] == "data":
            found |= {("prepare", name) for name in learning_together(variant)}
        elif key[0] != "evaluation" or evaluated:
            found |= {(STAGE[str(key[0])], variant)}
    found = study.following(found) - (set() if evaluated else {("evaluate", variant)})
    if evaluated and variant in study.UNEVALUATED:  # it is from now on
        found |= {("evaluate", variant)}
    return found | {("report", "")}  # which says what a variant changes


def test_the_stage_of_every_key_is_said_here(first: Planned) -> None:
    assert set(STAGE) == set(type(first.settings["plain"]).model_fields)


@pytest.mark.parametrize("variant", study.VARIANTS)
def test_another_value_of_a_key_is_computed_where_it_is_used(variant: str, first: Planned) -> None:
    wrong, alone = [], set()
    for key, value, kind in keys(first.settings[variant]):
        name = key[:-1] if isinstance(kind, str) else key  # another component, with its own settings
        found = next(valid_plans(variant, name, others(value, kind), first), None)
        if (variant, key) in NO_OTHER:
            assert found is None, key
        elif found is None:
            wrong.append((key, "no other value is valid"))
        else:
            changes, planned = found
            places = expected(variant, changes, planned)
            if planned.moved(first) != places or planned.to_run(first) != planned.of(places) - first.jobs:
                wrong.append((key, changes, planned.moved(first) ^ places))
            alone |= {key} if len(changes) == 1 else set()
    assert not wrong
    assert len(alone) > 35


def valid_plans(
    variant: str, key: Key, values: Iterable[Any], first: Planned
) -> Iterator[tuple[dict[Key, Any], Planned]]:
    """Plans with another value, and what was changed; with other keys, too, where that alone is not valid."""
    values = list(values)
    for also in COMPANIONS:
        for value in values:
            changes = {**also, key: value}
            if not is_valid(first.settings[variant], changes):  # no need to ask the whole study
                continue
            try:
                yield changes, Planned(variant_with(variant, changes, first))
            except UserError:
                continue


def is_valid(settings: VariantSettings, changes: Mapping[Key, Any]) -> bool:
    """Whether a variant's settings are valid with other values for some keys."""
    plain = settings.model_dump()
    for key, value in changes.items():
        plain = with_value(plain, key, value, plain)
    found, _ = validate(VariantSettings, plain)
    return found is not None and not list(setting_problems(found, Path()))


def test_every_key_of_every_recipe_is_in_its_address(first: Planned) -> None:
    """Asked of the recipes themselves: also keys that a study cannot give, or only with others."""
    count = 0
    for place, recipe in first.recipes.items():
        plain = recipe.settings.model_dump(mode="json")
        for key, value, kind in keys(recipe.settings):
            if key == ("files",) and not value:
                continue  # of a data set without files
            name = key[:-1] if isinstance(kind, str) else key
            for other in others(value, kind):
                settings, wrong = validate(STAGES[recipe.stage], with_value(plain, name, other, plain))
                if not wrong:
                    break
            else:
                pytest.fail(f"{place}: {key}: no other value is valid")
            changed = dataclasses.replace(recipe, settings=settings, modules=recipe.code)
            decides = key not in NOTHING | {("task", "teacher")}  # its run's address does, not its name
            assert (changed.address != recipe.address) is decides, (place, key, other)
            count += 1
    assert count > 300


SWAPS: dict[str, tuple[str, dict[Key, Any]]] = {
    "two numbers": ("own", {("training", "epochs"): 32, ("training", "batch_size"): 2}),
    "two numbers of a component's": ("own", {("loss", "gamma"): 5.0, ("model", "size"): 2}),
    "two fractions": ("own", {("data", "split", "validation"): 0.2, ("data", "split", "test"): 0.15}),
    "two columns": ("own", {("data", "source", "features"): ["two", "one", "three"]}),
    "two augmentations": (
        "images",
        {("training", "augmentations"): ["noise", {"name": "shift", "pixels": 1}]},
    ),
    "two channels": ("adversarial", {("model", "decoder", "channels"): [4, 5]}),
}


@pytest.mark.parametrize("case", SWAPS)
def test_two_values_that_are_swapped_are_others(case: str, first: Planned) -> None:
    variant, changes = SWAPS[case]
    planned = Planned(variant_with(variant, changes, first))
    assert planned.moved(first) == expected(variant, changes, planned)


def test_variants_that_are_swapped_are_computed_already(first: Planned) -> None:
    content = copy.deepcopy(study.STUDY)
    variants = content["variants"]
    variants["own"], variants["images"] = variants["images"], variants["own"]
    planned = Planned(content)
    assert planned.to_run(first) == planned.of(study.following({("aggregate/study", "")}))


def test_a_data_file_s_content_is_part_of_what_reads_it(first: Planned) -> None:
    path = Path("table.csv")
    path.write_text(study.TABLE.replace("0.", "1.", 1))
    readers = {("prepare", variant) for variant in study.SHARED[0]}
    assert Planned(study.STUDY).moved(first) == study.following(readers)
    path.write_text(study.TABLE)
    assert Planned(study.STUDY).moved(first) == set()
