"""The report's audit: what differs among the runs of a comparison is named; other arithmetic is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from assay import recipe
from assay.errors import UserError
from assay.report import audit
from assay.report.inputs import gather
from assay.study.load import load
from report_fixture import Made, make

STUDY = """\
variants:
  plain: {}
  double: {numerics.dtype: float64, model.dropout: 0.1}
seeds: 2
"""


def warnings(store: Path, made: Made, **numerics: Any) -> list[str]:
    """What is said at the top of a made-up report; `numerics` has the settings of each variant."""
    inputs = gather(recipe.from_yaml(make(store, made) / "recipe.yaml"), store)
    for variant in inputs.variants:
        variant["settings"] = {"numerics": numerics.get(variant["name"], {})}
    return audit.warnings(inputs)


def test_runs_of_another_code_are_named(tmp_path: Path) -> None:
    code = {"models.mlp": "a", "losses.focal": "b"}
    other = {("wide", seed): code | {"models.mlp": "c"} for seed in (2, 3)}
    [text] = warnings(tmp_path, Made({"plain": 0, "wide": 0.01}, code=code, codes=other))
    assert text.startswith("Runs were computed with different versions of models.mlp: wide, seeds 2, 3 with")


def test_modules_that_only_one_variant_reaches_are_no_difference(tmp_path: Path) -> None:
    codes = {("plain", seed): {"models.mlp": "a"} for seed in range(10)}
    made = Made({"plain": 0, "wide": 0.01}, code={"models.mlp": "a", "models.cnn": "b"}, codes=codes)
    assert warnings(tmp_path, made) == []


def test_other_arithmetic_that_a_study_allows_is_named(tmp_path: Path) -> None:
    made = Made({"plain": 0, "double": 0.01})
    [text] = warnings(
        tmp_path, made, plain={"dtype": "float32", "threads": 1}, double={"dtype": "float64", "threads": 1}
    )
    assert "numerics.dtype: float32 (plain); float64 (double)" in text


def test_other_arithmetic_is_refused_unless_the_study_allows_it(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"{path}:3: variants.double.numerics.dtype: is float64, but float32 for the baseline 'plain': a "
        "difference between them may be due to the arithmetic alone; comparisons.across_numerics: true allows it"
    )
    path.write_text(STUDY + "comparisons: {across_numerics: true}\n")
    assert [variant.name for variant in load(path).variants] == ["plain", "double"]
    path.write_text(STUDY.replace("{}", "{numerics.dtype: float64}"))
    assert len(load(path).variants) == 2
