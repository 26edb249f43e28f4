"""Presets and grids: what a short study stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from assay.errors import UserError
from assay.study.load import Options, Study, load
from assay.study.presets import expand
from assay.study.variants import combinations

PRESETS = {
    "model/small.yaml": "name: mlp\nwidths: [32]\ndropout: 0.1\n",
    "model/deep.yaml": "name: cnn\nchannels: [8, 8, 8]\n",
    "training/quick.yaml": "epochs: 2\noptimizer.name: sgd\noptimizer.momentum: 0.5\n",
    "optimizer/slow.yaml": "name: sgd\nmomentum: 0.99\n",
    "model/list.yaml": "[1]\n",
    "model/broken.yaml": "name: [\n",
}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load a study from its text, in a project with presets."""
    monkeypatch.chdir(tmp_path)
    for name, text in PRESETS.items():
        path = tmp_path / "config" / "presets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    path = Path("config/studies/s.yaml")
    path.parent.mkdir()

    def make(text: str, **options: Any) -> Study:
        path.write_text(text)
        return load(path, Options(**options))

    return make


def settings(study: Study) -> dict[str, Any]:
    return {variant.name: variant.settings for variant in study.variants}


def test_a_preset_stands_for_its_file_and_can_be_changed(study: Any) -> None:
    found = settings(
        study(
            "base:\n  model: presets/small\n  training: presets/quick\n"
            "variants:\n"
            "  as it is: {}\n"
            "  more dropout: {model.dropout: 0.5}\n"
            "  another: {model: presets/deep}\n"
            "  on top: {model: {preset: small, dropout: 0.2}}\n"
            "  afresh: {model: {name: mlp, dropout: 0.3}}\n"
            "  inner: {training.optimizer: presets/slow}\n"
        )
    )
    assert found["as it is"].model.settings == {"widths": [32], "dropout": 0.1}
    assert found["more dropout"].model.settings == {"widths": [32], "dropout": 0.5}
    assert found["another"].model.name == "cnn"
    assert found["another"].model.settings["channels"] == [8, 8, 8]
    assert found["on top"].model.settings == {"widths": [32], "dropout": 0.2}
    assert found["afresh"].model.settings == {"widths": [32], "dropout": 0.3}
    assert found["as it is"].training.epochs == 2
    assert found["as it is"].training.optimizer.settings["momentum"] == 0.5
    assert found["inner"].training.optimizer.settings["momentum"] == 0.99
    assert found["inner"].training.epochs == 2


def test_a_preset_replaces_a_component_of_the_same_name_with_all_its_settings(study: Any) -> None:
    text = "base: {model: {name: mlp, widths: [7], dropout: 0.4}}\nvariants:\n  a: {model: presets/small}\n"
    assert settings(study(text))["a"].model.settings == {"widths": [32], "dropout": 0.1}
    text = (
        "base: {training.optimizer: {name: sgd, nesterov: true}}\n"
        "variants:\n  a: {training.optimizer: presets/slow}\n"
    )
    assert settings(study(text))["a"].training.optimizer.settings["nesterov"] is False


def test_a_preset_is_its_content_to_an_address(study: Any) -> None:
    preset = study("base: {model: presets/small}\nvariants: {a: {}}\n")
    spelled = study("base: {model: {name: mlp, widths: [32], dropout: 0.1}}\nvariants: {a: {}}\n")
    assert preset.variants[0].settings == spelled.variants[0].settings


def test_the_study_s_own_folder_of_presets_goes_first(study: Any, tmp_path: Path) -> None:
    own = tmp_path / "config" / "studies" / "presets" / "model" / "small.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("name: mlp\nwidths: [5]\n")
    text = "base: {model: presets/small}\nvariants: {a: {}}\n"
    assert settings(study(text))["a"].model.settings["widths"] == [5]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smal", "did you mean 'small'"),
        ("", "preset"),
        ("list", "must be a mapping"),
        ("broken", "not valid YAML"),
        ("x" * 300, "preset"),
        ("nul\\0", "preset"),
    ],
)
def test_a_wrong_preset_is_named(name: str, said: str, study: Any) -> None:
    with pytest.raises(UserError) as caught:
        study(f'base: {{model: "presets/{name}"}}\nvariants: {{a: {{}}}}\n')
    assert said in str(caught.value)
    with pytest.raises(UserError) as caught:
        study(f'base: {{model: {{preset: "{name}"}}}}\nvariants: {{a: {{}}}}\n')
    assert said in str(caught.value)


def test_expand_leaves_other_values_alone(tmp_path: Path) -> None:
    written = {"a": "presets", "b": ["presets/x"], "c": {"d": None}, "question": "presets are nice"}
    assert expand(written, [tmp_path]) == written


def test_a_grid_is_a_product_in_order(study: Any) -> None:
    found = study(
        "variants:\n  plain: {}\n"
        "grid:\n  training.learning_rate: [0.01, 1e-1]\n  model.widths: [[8], [8, 4]]\n"
    )
    assert [variant.name for variant in found.variants] == [
        "plain",
        "learning_rate=0.01,widths=8",
        "learning_rate=0.01,widths=8-4",
        "learning_rate=0.1,widths=8",
        "learning_rate=0.1,widths=8-4",
    ]
    last = found.variants[-1]
    assert dict(last.overrides) == {"training.learning_rate": 0.1, "model.widths": [8, 4]}
    assert last.settings.training.learning_rate == 0.1
    assert last.settings.model.settings["widths"] == [8, 4]


def test_a_grid_in_a_variant_lies_over_the_variant(study: Any) -> None:
    found = study(
        "variants:\n"
        "  sgd:\n"
        "    training: {optimizer: sgd}\n"
        "    grid:\n"
        "      training.optimizer.momentum: [0, 0.9]\n"
        "      training.optimizer.nesterov: [false]\n"
    )
    assert [variant.name for variant in found.variants] == [
        "sgd,momentum=0,nesterov=false",
        "sgd,momentum=0.9,nesterov=false",
    ]
    assert all(variant.settings.training.optimizer.name == "sgd" for variant in found.variants)
    assert found.variants[0].settings.training.optimizer.settings["momentum"] == 0.0


def test_labels_tell_two_keys_with_one_end_apart() -> None:
    grid = {"training.optimizer.weight_decay": [0.1], "other.weight_decay": [None], "x.y": [True]}
    ((label, point),) = combinations(grid)
    assert label == "training.optimizer.weight_decay=0.1,other.weight_decay=None,y=true"
    assert point == {"training.optimizer.weight_decay": 0.1, "other.weight_decay": None, "x.y": True}


def test_components_and_presets_can_be_values_of_a_grid(study: Any) -> None:
    text = "grid:\n  model: [presets/small, {name: mlp, widths: [3]}, cnn]\n"
    found = study(text)
    names = [variant.settings.model.name for variant in found.variants]
    assert names == ["mlp", "mlp", "cnn"]
    assert found.variants[0].settings.model.settings["widths"] == [32]
    assert found.variants[1].settings.model.settings["widths"] == [3]


def test_a_variant_sets_nothing_twice(study: Any) -> None:
    for text in (
        "variants: {a: {training.epochs: 3, grid: {training.epochs: [1, 2]}}}\n",
        "variants: {a: {training: {epochs: 3}, grid: {training.epochs: [1, 2]}}}\n",
        "variants: {a: {training: {epochs: 3}, training.epochs: 4}}\n",
        "variants: {a: {training.epochs: 4, training: {epochs: 3}}}\n",
        "base: {training: {epochs: 3}, training.epochs: 4}\nvariants: {a: {}}\n",
    ):
        with pytest.raises(UserError, match=r"twice|as well"):
            study(text)


def test_a_grid_s_names_are_as_short_as_others(study: Any) -> None:
    """A variant's name is a folder's name in the views: 255 bytes at most."""
    widths = ", ".join(["64"] * 90)
    for text in (
        f"grid: {{model.widths: [[{widths}]]}}\n",
        f"variants: {{a: {{grid: {{model.widths: [[{widths}]]}}}}}}\n",
    ):
        with pytest.raises(UserError, match="120 characters"):
            study(text)


def test_options_of_a_call_lie_over_every_variant(study: Any) -> None:
    text = "variants: {a: {}, b: {training.epochs: 7, model.dropout: 0.5}}\nseeds: 4\n"
    changed = study(text, assignments={"training.epochs": 3})
    assert [variant.settings.training.epochs for variant in changed.variants] == [3, 3]
    assert dict(changed.variants[1].overrides) == {"training.epochs": 3, "model.dropout": 0.5}
    assert changed.seeds == (0, 1, 2, 3)
    smoke = study(text, smoke=True)
    assert [variant.settings.training.epochs for variant in smoke.variants] == [1, 1]
    assert smoke.seeds == (0, 1)
    assert study(text, seed=42).seeds == (42,)


def test_a_study_s_rest(study: Any) -> None:
    found = study("variants: {b: , a: {model.dropout: 0.2}}\nseeds: [7, 3]\n")
    assert found.baseline == "b"
    assert found.seeds == (7, 3)
    assert found.name == "s"
    named = study("variants: {b: , a: {model.dropout: 0.2}}\ncomparisons: {baseline: a}\n")
    assert named.baseline == "a"
    assert named.seeds == (0, 1, 2, 3, 4)
