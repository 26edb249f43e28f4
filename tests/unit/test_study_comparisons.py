"""What a study asks of the compare stage: worked out from its keys, refused where it cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from assay.errors import UserError
from assay.plan import load_plan
from assay.settings.stages import CompareSettings

STUDY: dict[str, Any] = {
    "base": {"model": {"name": "mlp", "widths": [4]}},
    "variants": {"plain": {}, "wide": {"model.widths": [9]}, "deep": {"model.widths": [4, 4]}},
    "seeds": 10,
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty project's folder, the current one."""
    monkeypatch.chdir(tmp_path)


def asked(changes: dict[str, Any] | None = None, smoke: bool = False, **comparisons: Any) -> CompareSettings:
    """What a study with these comparisons asks."""
    path = Path("config/studies/one.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(STUDY | (changes or {}) | {"comparisons": comparisons}, sort_keys=False))
    settings = load_plan({"study": "one"}, smoke=smoke or None).studies[0].compare.settings
    assert isinstance(settings, CompareSettings)
    return settings


def test_all_that_the_evaluation_measures_is_compared_in_its_direction() -> None:
    found = asked()
    assert (found.metric, found.higher_is_better, found.baseline) == ("accuracy", True, "plain")
    assert found.secondary == {"loss": False, "precision": True, "recall": True, "f1": True}
    assert asked(metric="loss").secondary["accuracy"] is True
    assert asked(secondary=["f1", "val_loss"]).secondary == {"f1": True, "val_loss": False}
    assert asked(secondary=[]).secondary == {}
    unmeasured = {"base": STUDY["base"] | {"evaluation.enabled": False}}
    assert "val_f1" in asked(unmeasured, metric="val_accuracy").secondary
    assert "f1" not in asked(unmeasured, metric="val_accuracy").secondary


def test_losses_that_differ_are_not_compared() -> None:
    variants = STUDY["variants"] | {"focal": {"loss": "focal"}}
    assert "loss" not in asked({"variants": variants}).secondary
    assert "loss" in asked({"variants": variants}, secondary=["loss"]).secondary


def test_a_split_of_each_seed_s_own_is_told() -> None:
    assert asked().resampling == 0
    own = {"data.split": {"seed": "run", "test": 0.2, "validation": 0.3}}
    assert asked({"base": STUDY["base"] | own}).resampling == pytest.approx(0.2 / 0.5)
    assert asked({"base": STUDY["base"] | own}, metric="val_loss").resampling == pytest.approx(0.3 / 0.5)


def test_the_first_variant_that_is_not_excluded_is_the_baseline() -> None:
    assert asked(exclude=["plain"]).baseline == "wide"
    assert asked(baseline="deep", exclude=["plain"]).baseline == "deep"


def test_a_quick_try_has_no_looks() -> None:
    assert asked(looks=[5, 10, 20]).looks == [5, 10, 20]
    assert asked(looks=[5, 10, 20], smoke=True).looks == []


@pytest.mark.parametrize(
    ("comparisons", "message"),
    [
        ({"exclude": ["dep"]}, "comparisons.exclude.0: 'dep' is not a variant; did you mean 'deep'?"),
        ({"baseline": "deep", "exclude": ["deep"]}, "comparisons.exclude.0: 'deep' is the baseline"),
        ({"exclude": ["deep", "plain", "wide"]}, "comparisons.exclude: names every variant"),
        ({"secondary": ["f2"]}, "comparisons.secondary.0: 'f2' is not measured; did you mean 'f1'?"),
        ({"secondary": ["accuracy"]}, "comparisons.secondary.0: 'accuracy' is the metric that decides"),
        ({"bayesian": True}, "comparisons.bayesian: needs a margin"),
        ({"adjustment": "max_t", "looks": [5, 10]}, "comparisons.adjustment: max_t knows no looks"),
        ({"alpha": 0.7}, "comparisons.alpha: must lie between 1e-09 and 0.5, not 0.7"),
        ({"looks": [5, 20]}, "comparisons.looks: [5, 20] does not hold 10, the study's number of seeds"),
        ({"looks": [10, 5]}, "comparisons.looks: must ascend, not [10, 5]"),
        ({"looks": [1, 10]}, "comparisons.looks.0: "),
        ({"margin": 0}, "comparisons.margin: "),
        ({"power": 0.04}, "comparisons.power: must be above alpha, 0.05"),
        ({"power": 1}, "comparisons.power: "),
        ({"design": "all pairs"}, "comparisons.design: "),
    ],
)
def test_what_cannot_be_asked_is_refused(comparisons: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        asked(**comparisons)
    assert message in str(error.value)
    assert str(error.value).count("\n") == 0 and "one.yaml:" in str(error.value)


def test_pairs_that_share_samples_have_no_signs_to_flip() -> None:
    own = {"base": STUDY["base"] | {"data.split.seed": "run"}}
    with pytest.raises(
        UserError, match=r"max_t needs independent pairs, but each seed of .plain. splits the data"
    ):
        asked(own, adjustment="max_t")
