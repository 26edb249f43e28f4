"""Every key of a study file and of the configuration, changed one at a time; and what Snakemake plans then."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from assay.settings.base import Settings
from assay.settings.config import ConfigSettings, IdentitySettings, MachineSettings
from assay.settings.study import ComparisonSettings, StudySettings

from soundness import study
from soundness.conftest import World
from soundness.plans import Planned

Study = dict[str, Any]
Jobs = dict[str, int]

NOTHING: Jobs = {}
REPORT = {"report": 1}
COMPARE = {"compare": 1, **REPORT}
TABLE = {"aggregate_study": 1, **COMPARE}
ALL_TABLES = {"aggregate_variant": 6, **TABLE}
ALL_TRAINED = {"train": 12, "evaluate": 10, **ALL_TABLES}
EVERYTHING = {"prepare": 5, **ALL_TRAINED}


def renamed(old: str, new: str) -> Study:
    content = copy.deepcopy(study.STUDY)
    content["variants"] = {new if name == old else name: value for name, value in content["variants"].items()}
    return content


def backwards() -> Study:
    content = copy.deepcopy(study.STUDY)
    content["variants"] = dict(reversed(content["variants"].items()))
    return content | {"comparisons": {**content["comparisons"], "baseline": "plain"}}


CLASSES = study.changed(("comparisons", "metric"), "loss")
"""A study in which all variants measure the same, so that another metric can decide."""
for name in ("adversarial", "values"):
    del CLASSES["variants"][name]

STUDIES: dict[str, list[tuple[Study, Jobs]]] = {
    "question": [(study.changed(("question",), "What else?"), REPORT)],
    "notes": [(study.changed(("notes",), "None."), REPORT)],
    "base": [
        (study.changed(("base", "training", "epochs"), 3), ALL_TRAINED),
        (study.changed(("base", "evaluation"), {"predictions": False}), {"evaluate": 10, **{**ALL_TABLES, "aggregate_variant": 5}}),
        (study.changed(("base", "data", "standardize"), False), EVERYTHING),
    ],
    "variants": [
        (renamed("values", "numbers"), TABLE),
        (backwards(), TABLE),
        (study.changed(("variants", "again"), {"training": {"epochs": 3}}), {"train": 2, "evaluate": 2, "aggregate_variant": 1, **TABLE}),
    ],
    "grid": [(study.changed(("grid",), {"training.epochs": [3, 4]}), {"train": 4, "evaluate": 4, "aggregate_variant": 2, **TABLE})],
    "seeds": [
        (study.changed(("seeds",), 3), {"prepare": 1, "train": 6, "evaluate": 5, **ALL_TABLES}),
        (study.changed(("seeds",), 1), ALL_TABLES),
        (study.changed(("seeds",), [1, 0]), NOTHING),
        (study.changed(("seeds",), [0, 5]), {"prepare": 1, "train": 6, "evaluate": 5, **ALL_TABLES}),
    ],
    "comparisons.baseline": [
        (study.changed(("comparisons", "baseline"), "own"), COMPARE),
        (study.changed(("comparisons", "baseline"), "plain"), NOTHING),
    ],
    "comparisons.alpha": [(study.changed(("comparisons", "alpha"), 0.01), COMPARE)],
    "comparisons.exclude": [(study.changed(("comparisons", "exclude"), ["own"]), COMPARE)],
    "comparisons.design": [(study.changed(("comparisons", "design"), "all_pairs"), COMPARE)],
    "comparisons.adjustment": [
        (study.changed(("comparisons", "adjustment"), "max_t", study.changed(("comparisons", "exclude"), ["images"])), COMPARE),
    ],
    "comparisons.margin": [(study.changed(("comparisons", "margin"), 0.1), COMPARE)],
    "comparisons.power": [(study.changed(("comparisons", "power"), 0.9), COMPARE)],
    "comparisons.bayesian": [
        (study.changed(("comparisons", "bayesian"), True, study.changed(("comparisons", "margin"), 0.1)), COMPARE),
    ],
    "comparisons.looks": [(study.changed(("comparisons", "looks"), [2, 4]), COMPARE)],
    "comparisons.spending": [(study.changed(("comparisons", "spending"), "pocock"), COMPARE)],
    "resources": [
        (study.changed(("resources",), {stage: {"memory": "9GB", "runtime": "2d", "cpus": 3}}), NOTHING)
        for stage in ("prepare", "train", "aggregate", "compare", "report")
    ] + [(study.changed(("resources",), {"train": {"gpus": 2, "gpu_type": "a100"}}), NOTHING)],
}  # fmt: skip
"""Key of a study file → changed studies, and the jobs that follow."""

CONFIGURATIONS: dict[str, tuple[dict[str, Any], Jobs]] = {
    "set": ({"set": "training.epochs=3"}, ALL_TRAINED),
    "study": ({"study": ["config/studies/small.yaml"]}, NOTHING),
    "smoke": ({"smoke": True}, ALL_TRAINED),
    "identity.environment": ({"identity": {"environment": True}}, EVERYTHING),
    "machine.data": ({"machine": {"data": "./"}}, NOTHING),
    "machine.device": ({"machine": {"device": "cpu"}}, NOTHING),
    "machine.workers": ({"machine": {"workers": 2}}, NOTHING),
    "machine.resume_every_minutes": ({"machine": {"resume_every_minutes": 1.0}}, NOTHING),
    "machine.cluster": (
        {
            "machine": {
                "cluster": {
                    "partition": "short",
                    "account": "mine",
                    "time_limit": "2h",
                    "gpu": {"qos": "high"},
                }
            }
        },
        NOTHING,
    ),
    "machine.seeds_per_job": ({"machine": {"seeds_per_job": 2}}, NOTHING),
    "machine.runs_per_gpu": ({"machine": {"runs_per_gpu": 4}}, NOTHING),
    "machine.plots": ({"machine": {"plots": "full"}}, NOTHING),
    "machine.results": ({"machine": {"results": "elsewhere"}}, NOTHING),
}
"""Key of the configuration → a change, and what it makes of the addresses."""
TESTED_ELSEWHERE = {
    "comparisons.metric": "test_another_metric",
    "comparisons.across_numerics": "test_another_metric",
    "comparisons.secondary": "test_another_metric",
    "partial": "tests/workflow/test_wrong_and_failing.py: it takes what exists",
}


def to_make(planned: Planned, since: Planned) -> Counter[str]:
    """How many results of each stage are to be made."""
    return Counter(stage.replace("/", "_") for stage, _, _ in planned.to_run(since))


def all_keys(settings: type[Settings], **inner: type[Settings]) -> set[str]:
    """The keys of settings, those of inner ones dotted."""
    names = set(settings.model_fields) - set(inner)
    return names | {f"{name}.{key}" for name, kind in inner.items() for key in kind.model_fields}


def test_every_key_is_here() -> None:
    keys = all_keys(StudySettings, comparisons=ComparisonSettings)
    keys |= all_keys(ConfigSettings, machine=MachineSettings, identity=IdentitySettings)
    assert keys == {*STUDIES, *CONFIGURATIONS, *TESTED_ELSEWHERE}


@pytest.mark.parametrize("key", STUDIES)
def test_a_change_of_a_study(key: str, first: Planned) -> None:
    for content, jobs in STUDIES[key]:
        assert to_make(Planned(content), first) == jobs


@pytest.mark.parametrize("key", CONFIGURATIONS)
def test_a_change_of_the_configuration(key: str, first: Planned) -> None:
    change, jobs = CONFIGURATIONS[key]
    assert to_make(Planned(study.STUDY, **change), first) == jobs


def test_another_metric(first: Planned) -> None:
    before = Planned(CLASSES)
    after = Planned(study.changed(("comparisons", "metric"), "accuracy", CLASSES))
    assert to_make(after, before) == COMPARE
    assert [p.recipes["compare", ""].settings.higher_is_better for p in (before, after)] == [False, True]
    none = Planned(study.changed(("comparisons", "secondary"), [], CLASSES))
    assert to_make(none, before) == COMPARE and "accuracy" in before.recipes["compare", ""].settings.secondary
    same = study.changed(("variants", "images", "numerics"), {}, CLASSES)
    strict = study.changed(("comparisons", "across_numerics"), False, same)
    assert to_make(Planned(strict), Planned(same)) == NOTHING


def test_one_change_in_one_variant_is_found_by_snakemake_too(world: World) -> None:
    """Of each kind of change that the other tests make, one, planned by Snakemake itself."""

    def one(variant: str, *key: str, to: Any) -> Study:
        return study.changed(("variants", variant, *key), to)

    def following(stage: str, variant: str) -> Counter[str]:
        return study.rules(study.following({(stage, variant)}))

    cases: list[tuple[Study, Jobs]] = [
        (study.STUDY, NOTHING),
        (one("own", "data", to={"standardize": False}), following("prepare", "own")),
        (one("images", "data", "standardize", to=False), following("prepare", "images")),
        (one("plain", "training", to={"epochs": 3}), following("train", "plain")),
        (one("images", "numerics", "threads", to=2), following("train", "images")),
        (one("values", "training", to={"epochs": 3}), following("train", "values")),
        (one("adversarial", "model", "decoder", "channels", to=[4, 5]), following("train", "adversarial")),
        (one("own", "evaluation", "split", to="train"), following("evaluate", "own")),
        (one("own", "evaluation", "enabled", to=False), following("aggregate/variant", "own")),
        *(STUDIES["variants"][:1] + STUDIES["comparisons.alpha"] + STUDIES["question"]),
    ]  # fmt: skip
    [(content, made), *_] = STUDIES["seeds"]
    cases.append(
        (content, {stage: count for stage, count in made.items() if stage != "evaluate"})
    )  # one job does both
    file = world.project / "config/studies/small.yaml"
    before = file.read_text()
    changes = []
    for content, _ in cases:
        study.write(file, content)
        changes.append({str(file): file.read_text()})
    file.write_text(before)
    for (content, jobs), planned in zip(cases, world.planned(changes), strict=True):
        assert planned == Counter(jobs), content
