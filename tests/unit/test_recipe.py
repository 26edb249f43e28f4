"""Recipes: one file is the whole of it, its address is the same after reading, a changed one is noticed."""

from __future__ import annotations

import dataclasses
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from assay import single
from assay.configuration import configure
from assay.errors import UserError
from assay.plan import Plan, load_plan
from assay.recipe import Recipe, from_yaml, require_planned, to_yaml
from assay.settings.stages import STAGES, AggregateStudySettings, AggregateVariantSettings, ReportSettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from caches import forget
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

STUDY = """
question: Größer — 漢字, "quotes", # no comment, and a\\\\backslash?
notes: |
  two
  lines: [with, signs]
base:
  data.source: {name: csv, path: tumours.csv, target: kind, features: [radius, größe]}
  training: {epochs: 3, learning_rate: 1e-05, optimizer.weight_decay: 1e-300}
variants:
  plain: {}
  "größer, 漢 = '1'": {model.widths: [], data.split.seed: run}
  own: {model: {name: "own_nets.nets:Net", pairs: [[5, 6]], size: 123456789012345678901234567890}}
  "1e-3": {training.learning_rate: 0.1}
grid:
  model.dropout: [0.1, 0.25]
seeds: [9223372036854775807, 0, 3]
comparisons: {alpha: 0.01}
"""
NETS = """
import math
class Net:
    def __init__(self, shape, outputs, *, pairs=((1, 2), (3, 4)), size: int = 3, limit=math.inf,
                 more=None, d={0: 1}):
        pass
"""
ADDRESS = re.compile(r"[0-9a-f]{12}-[0-9a-f]{8}")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """The plan of a study, given as text, in a project of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # a check of a data set puts this folder on it
    monkeypatch.delenv("ASSAY_SEED", raising=False)
    monkeypatch.delenv("ASSAY_RESULTS", raising=False)
    (tmp_path / "config" / "studies").mkdir(parents=True)
    (tmp_path / "config" / "presets" / "model").mkdir(parents=True)
    (tmp_path / "config" / "presets" / "model" / "small.yaml").write_text("name: mlp\nwidths: [32]\n")
    (tmp_path / "tumours.csv").write_text("radius,größe,kind\n1,2,good\n3,4,bad\n")
    (tmp_path / "own_nets").mkdir()
    (tmp_path / "own_nets" / "nets.py").write_text(NETS)
    forget()

    def make(text: str, **config: Any) -> Plan:
        (tmp_path / "config" / "studies" / "s.yaml").write_text(text)
        return load_plan({"study": "s", **config})

    yield make
    forget()


def reread(recipe: Recipe, path: Path) -> Recipe:
    path.write_text(to_yaml(recipe), encoding="utf-8")
    return from_yaml(path)


def test_every_stage_s_recipe_survives_its_file(plan: Any, tmp_path: Path) -> None:
    made = plan(STUDY)
    assert {stage for stage, _ in made.recipes} == set(STAGES)
    for recipe in made.recipes.values():
        again = reread(recipe, tmp_path / "r.yaml")
        assert ADDRESS.fullmatch(recipe.address)
        assert again.address == recipe.address, recipe.stage
        assert again.identity() == recipe.identity()
        assert dict(again.code) == dict(recipe.code)
        assert again.plain() == recipe.plain()
        assert dict(again.code_now()) == dict(recipe.code_now())
        assert to_yaml(again) == to_yaml(recipe)
        assert again.settings == recipe.settings
        require_planned(again)


def test_recipes_are_written_once_and_name_what_led_to_them(plan: Any) -> None:
    made = plan(STUDY)
    made.write_recipes()
    files = {path: path.read_bytes() for path in Path("results").rglob("recipe.yaml")}
    assert len(files) == len(made.recipes)
    own = next(v for v in made.studies[0].variants if v.variant.name == "own")
    text = (made.store / "train" / own.train.address / "recipe.yaml").read_text()
    assert yaml.safe_load(text)["made_by"]["variant"] == "own"
    assert yaml.safe_load(text)["address"] == own.train.address
    forget()
    plan(STUDY).write_recipes()
    assert {path: path.read_bytes() for path in Path("results").rglob("recipe.yaml")} == files
    for path in files:
        assert from_yaml(path).address == path.parent.name


def test_a_data_file_that_is_renamed_keeps_its_address_and_its_recipe_names_it(
    plan: Any, tmp_path: Path
) -> None:
    before = plan(STUDY)
    before.write_recipes()
    (tmp_path / "tumours.csv").rename(tmp_path / "renamed.csv")
    after = plan(STUDY.replace("tumours.csv", "renamed.csv"))
    after.write_recipes()
    old, new = (p.studies[0].variants[0].prepare for p in (before, after))
    assert old.address == new.address
    written = from_yaml(after.store / "prepare" / new.address / "recipe.yaml")
    assert written.settings.data.source.settings["path"] == "renamed.csv"


def test_a_data_file_s_content_is_part_of_the_address(plan: Any, tmp_path: Path) -> None:
    before = plan(STUDY).studies[0].variants[0]
    (tmp_path / "tumours.csv").write_text("radius,größe,kind\n1,2,good\n3,5,bad\n")
    after = plan(STUDY).studies[0].variants[0]
    assert before.prepare.address != after.prepare.address
    assert before.train.address != after.train.address
    assert before.prepare.address.split("-")[1] == after.prepare.address.split("-")[1]


def test_a_change_moves_what_it_affects(plan: Any) -> None:
    def addresses(made: Plan) -> dict[str, tuple[str, ...]]:
        study = made.studies[0]
        found = {
            f"{stage} {v.variant.name}": getattr(v, stage).address
            for v in study.variants
            for stage in ("prepare", "train", "evaluate", "aggregate")
        }
        return found | {stage: getattr(study, stage).address for stage in ("aggregate", "compare", "report")}

    text = "base: {training.epochs: 3}\nvariants: {a: {}, b: {model.dropout: 0.5}}\nseeds: 3\nnotes: x\n"
    start = addresses(plan(text))

    def moved(other: str, **config: Any) -> set[str]:
        now = addresses(plan(other, **config))
        return {name for name in start if start[name] != now[name]}

    of_b = {"train b", "evaluate b", "aggregate b", "aggregate", "compare", "report"}
    assert moved(text) == set()
    assert moved(text.replace("dropout: 0.5", "dropout: 0.4")) == of_b
    assert moved(text.replace("notes: x", "notes: y")) == {"report"}
    assert moved(text + "comparisons: {alpha: 0.01}\n") == {"compare", "report"}
    assert moved(text + "comparisons: {alpha: 0.05, baseline: a}\n") == set()
    assert moved(text.replace("seeds: 3", "seeds: 4")) == {
        "aggregate a",
        "aggregate b",
        "aggregate",
        "compare",
        "report",
    }
    everything = set(start) - {"prepare a", "prepare b"}
    assert moved(text.replace("epochs: 3", "epochs: 4")) == everything
    assert moved(text.replace("{training.epochs", "{evaluation.split: validation, training.epochs")) == (
        everything - {"train a", "train b"}
    )
    assert moved(text.replace("{training.epochs", "{data.standardize: false, training.epochs")) == set(start)
    assert moved(text, machine={"device": "cpu", "results": "elsewhere"}) == set()
    assert moved(text, identity={"environment": True}) == set(start)
    assert moved(text.replace("a: {}, b: {model.dropout: 0.5}", "b: {model.dropout: 0.5}, a: {}")) == {
        "aggregate", "compare", "report",
    }  # fmt: skip


def test_an_edit_of_a_user_s_module_moves_its_variant_only(plan: Any, tmp_path: Path) -> None:
    before = {v.variant.name: v.train.address for v in plan(STUDY).studies[0].variants}
    path = tmp_path / "own_nets" / "nets.py"
    path.write_text("# a comment\n" + NETS)
    forget()
    same = {v.variant.name: v.train.address for v in plan(STUDY).studies[0].variants}
    path.write_text(NETS.replace("math.inf", "math.pi"))
    forget()
    after = {v.variant.name: v.train.address for v in plan(STUDY).studies[0].variants}
    assert same == before
    assert {name for name in before if before[name] != after[name]} == {"own"}
    config = {address.split("-")[0] for address in (before["own"], after["own"])}
    assert len(config) == 1


def test_code_that_changed_since_planning_is_named(plan: Any, tmp_path: Path) -> None:
    own = next(v for v in plan(STUDY).studies[0].variants if v.variant.name == "own")
    planned = reread(own.train, tmp_path / "r.yaml")
    require_planned(planned)
    (tmp_path / "own_nets" / "nets.py").write_text(NETS.replace("math.inf", "math.pi"))
    forget()
    with pytest.raises(UserError, match=r"own_nets\.nets.*Run the workflow again"):
        require_planned(planned)
    assert reread(own.train, tmp_path / "r.yaml").address == own.train.address


SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        [
            "1e-3",
            "yes",
            "null",
            "~",
            "0o7",
            "2024-01-01",
            "- a",
            "a: b",
            "#",
            "'",
            '"',
            "\x85",
            "\u2028",
            "\t",
            "",
        ]
    ),
)


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(SCALARS.filter(bool), min_size=1, max_size=3, unique=True),
    text=SCALARS,
    values=st.lists(
        st.one_of(
            SCALARS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)
        ),
        max_size=4,
    ),
    seeds=st.lists(st.integers(0, 2**63 - 1), max_size=3),
)
def test_any_words_and_numbers_survive_their_file(
    names: list[str], text: str, values: list[Any], seeds: list[int], tmp_path: Path
) -> None:
    upstream = {"compare": "0123456789ab-01234567"}
    recipes = [
        Recipe(
            "report",
            ReportSettings(study=text, question=text, notes=text, overrides={names[0]: {"a": values}}),
            upstream,
        ),
        Recipe("aggregate/study", AggregateStudySettings(variants=names), upstream),
        Recipe(
            "aggregate/variant", AggregateVariantSettings(seeds=seeds, missing={names[0]: text}), upstream
        ),
    ]
    for recipe in recipes:
        recipe = dataclasses.replace(recipe, modules={"a": "b"})
        again = reread(recipe, tmp_path / "r.yaml")
        assert again.identity() == recipe.identity()
        assert again.address == recipe.address
        assert to_yaml(again) == to_yaml(recipe)


FLOATS = st.floats(min_value=1e-300, max_value=1e300)


@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=FLOATS, decay=FLOATS, widths=st.lists(st.integers(1, 10**30), max_size=4))
def test_any_numbers_of_training_survive_their_file(
    rate: float, decay: float, widths: list[int], plan: Any, tmp_path: Path
) -> None:
    written = {
        "model": {"name": "mlp", "widths": widths},
        "training": {"learning_rate": rate, "optimizer": {"name": "adamw", "weight_decay": decay}},
    }
    recipe = single.from_settings(written, {}, configure({}))
    again = reread(recipe, tmp_path / "r.yaml")
    assert again.address == recipe.address
    assert again.settings == recipe.settings


def damaged(content: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy with one thing replaced, or removed if the value is `...`."""
    copy = dict(content)
    head, rest = path[0], path[1:]
    if rest:
        copy[head] = damaged(copy[head], rest, value)
    elif value is ...:
        copy.pop(head, None)
    else:
        copy[head] = value
    return copy


WRONG = [None, 5, 1.5, True, "text", [], [1], {}, {"a": 1}, {1: 2}, ..., "é"]
PLACES = [
    ("stage",), ("settings",), ("upstream",), ("environment",), ("code",), ("address",),
    ("settings", "training"), ("settings", "model"), ("settings", "model", "name"),
    ("settings", "training", "epochs"), ("upstream", "prepare"), ("upstream", "prepare", "stage"),
    ("upstream", "prepare", "settings"), ("upstream", "prepare", "settings", "data"),
    ("upstream", "prepare", "settings", "files"), ("upstream", "prepare", "settings", "data", "source"),
    ("upstream", "prepare", "code"),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_a_damaged_recipe_is_read_or_refused(place: tuple[str, ...], plan: Any, tmp_path: Path) -> None:
    """Never another exception than UserError, and never the address of what it was before."""
    train = plan(STUDY).studies[0].variants[0].train
    content = yaml.safe_load(to_yaml(train))
    path = tmp_path / "r.yaml"
    for value in WRONG:
        path.write_text(yaml.safe_dump(damaged(content, place, value), sort_keys=False))
        for assignments in ({}, {"training.epochs": 7}):
            try:
                recipe = single.from_file(path, assignments, configure({}))
                assert ADDRESS.fullmatch(recipe.address)
                assert recipe.code_now()
                assert recipe.embedded["prepare"].folder(Path())
            except UserError as error:
                assert str(error)


def test_an_edited_setting_is_another_address(plan: Any, tmp_path: Path) -> None:
    train = plan(STUDY).studies[0].variants[0].train
    content = yaml.safe_load(to_yaml(train))
    path = tmp_path / "r.yaml"
    for place, value in (
        (("settings", "training", "epochs"), 4),
        (("settings", "model", "dropout"), 0.3),
        (("upstream", "prepare", "settings", "data", "standardize"), False),
        (("upstream", "prepare", "settings", "files", "path"), "00" * 32),
        (("code", "assay"), "0" * 64),
    ):
        path.write_text(yaml.safe_dump(damaged(content, place, value)))
        assert from_yaml(path).address != train.address, place
    path.write_text(
        yaml.safe_dump(
            damaged(content, ("upstream", "prepare", "settings", "data", "source", "path"), "x.csv")
        )
    )
    assert from_yaml(path).address == train.address


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "a: b", "stage: nonsense", "stage: train", "stage: [", "stage: {a: b}"]
)
def test_a_file_that_is_no_recipe_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        from_yaml(path)
    assert str(caught.value).startswith(str(path))


def test_a_recipe_of_another_stage_is_not_trained(plan: Any, tmp_path: Path) -> None:
    made = plan(STUDY)
    for recipe in made.recipes.values():
        if recipe.stage != "train":
            (tmp_path / "r.yaml").write_text(to_yaml(recipe))
            with pytest.raises(UserError, match=f"{recipe.stage}.*train"):
                single.from_file(tmp_path / "r.yaml", {}, configure({}))


# --- one recipe outside the workflow


def test_a_study_s_variant_is_the_workflow_s_recipe(plan: Any) -> None:
    made = plan(STUDY)
    for variant in made.studies[0].variants:
        assert single.from_variant("s", variant.variant.name, configure({})).address == variant.train.address
    assert single.from_variant("s", None, configure({})).address == made.studies[0].variants[0].train.address
    with pytest.raises(UserError, match=r"'plian'.*'plain'"):
        single.from_variant("s", "plian", configure({}))


def test_a_recipe_file_with_overrides_is_the_study_with_them(plan: Any, tmp_path: Path) -> None:
    made = plan(STUDY)
    changed = plan(STUDY, set="training.epochs=7 numerics.threads=2")
    for before, after in zip(made.studies[0].variants, changed.studies[0].variants, strict=True):
        (tmp_path / "r.yaml").write_text(to_yaml(before.train))
        assignments = {"training.epochs": 7, "numerics.threads": 2}
        found = single.from_file(tmp_path / "r.yaml", assignments, configure({}))
        assert found.address == after.train.address


BASES: list[dict[str, Any]] = [
    {},
    {"model": "cnn"},
    {"model": {"widths": [3]}},
    {"model.widths": [3], "training.epochs": 3},
    {"training": {"optimizer": {"weight_decay": 0.1}}},
    {"training": {"optimizer": "sgd"}, "loss": {"name": "focal", "gamma": 1}},
    {"model": "presets/small"},
    {"model": {"preset": "small", "dropout": 0.5}},
    {"data": {"source": {"name": "csv", "path": "tumours.csv", "target": "kind"}}},
]


@pytest.mark.parametrize("base", BASES, ids=str)
def test_settings_from_python_are_those_of_a_study_s_base(base: dict[str, Any], plan: Any) -> None:
    text = yaml.safe_dump({"base": base, "variants": {"a": {}}})
    expected = plan(text).studies[0].variants[0].train.address
    assert single.from_settings(base, {}, configure({})).address == expected


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"modle": "mlp"}, "'model'"),
        ({"model": "mlpp"}, "'mlp'"),
        ({"model": 5}, "model"),
        ({"training": {"epochs": 0}}, "training.epochs"),
        ({"data": {"split": {"test": 0.6, "validation": 0.6}}}, "1.2"),
        ({"training.epochs": 3, "training": {"epochs": 4}}, "twice"),
        ({"data": {"source": {"name": "csv", "path": "none.csv", "target": "kind"}}}, "'none.csv'"),
    ],
)
def test_wrong_settings_from_python(written: dict[str, Any], said: str, plan: Any) -> None:
    with pytest.raises(UserError) as caught:
        single.from_settings(written, {}, configure({}))
    assert said in str(caught.value)


def test_environments_are_part_of_an_address_if_the_configuration_says_so(plan: Any) -> None:
    text = "variants: {a: {}}\n"
    first = plan(text, identity={"environment": True}).studies[0].variants[0]
    assert set(first.train.environment) == {"python", "processor", "torch", "numpy"}
    other = dataclasses.replace(first.train, environment={**first.train.environment, "torch": "0.0"})
    assert other.address != first.train.address
    assert plan(text).studies[0].variants[0].train.identity().keys() == {
        "version",
        "stage",
        "settings",
        "upstream",
    }


def test_two_studies_share_what_is_the_same(plan: Any, tmp_path: Path) -> None:
    plan("variants: {a: {}, b: {model.dropout: 0.5}}\nseeds: 2\n")
    (tmp_path / "config" / "studies" / "t.yaml").write_text(
        "question: x\nvariants: {other name: {model.dropout: 0.5}}\nseeds: 2\n"
    )
    both = load_plan({"study": ["s", "t"]})
    (_, b), (other,) = (study.variants for study in both.studies)
    assert b.train.address == other.train.address
    assert b.evaluate is not None and other.evaluate is not None
    assert b.evaluate.address == other.evaluate.address
    stages = [stage for stage, _ in both.recipes]
    assert {stage: len(list(group)) for stage, group in itertools.groupby(sorted(stages))}["train"] == 2


def test_complete_settings_need_nothing_else(plan: Any) -> None:
    """What a recipe holds is complete: validating it again changes nothing."""
    train = plan(STUDY).studies[0].variants[0].train
    again, wrong = validate(STAGES["train"], train.settings.model_dump(mode="json"))
    assert not wrong
    assert again == train.settings
    assert VariantSettings.model_fields.keys() - STAGES["train"].model_fields.keys() == {"data", "evaluation"}
