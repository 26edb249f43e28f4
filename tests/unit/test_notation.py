"""How the report writes numbers and names, and what it draws variants with."""

from __future__ import annotations

import pytest
from assay import notation
from assay.notation import Scale
from assay.report import style


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Scale("accuracy", True).mean_and_sd(0.97123, 0.00314), "97.12 ± 0.31 %"),
        (Scale("accuracy", True).mean_and_sd(0.97123, None), "97.12 %"),
        (Scale("loss", False).mean_and_sd(0.12345, 0.005119), "0.123 ± 0.00512"),
        (Scale("loss", False).value(None), "–"),
        (Scale("accuracy", True).value(float("nan")), "–"),
        (Scale.by_name("val_accuracy", [0.2, 1.0]).axis, "validation accuracy (%)"),
        (Scale.by_name("val_accuracy", [20.0]).axis, "validation accuracy"),
        (Scale.by_name("loss", [0.2]).axis, "loss"),
        (Scale.by_name("f1_macro", [0.2]).axis, "F1 macro (%)"),
        (notation.metric_label("mean_squared_error"), "mean squared error"),
        (notation.metric_label("train_r2"), "training R²"),
        (notation.metric_label("val_"), "val"),
        (notation.metric_label("validation accuracy"), "validation accuracy"),
        (notation.fixed(-0.001), "0.00"),
        (notation.fixed(-1.005, 1), "−1.0"),
        (notation.fixed(0.814, 2, "+"), "+0.81"),
        (notation.fixed(1e-9, 10), "1e−09"),
        (notation.significant(0.12), "0.120"),
        (notation.significant(-12.345), "−12.3"),
        (notation.significant(4571.2), "4571"),
        (notation.significant(999.96), "1000"),
        (notation.significant(1.2e-5), "1.20e−05"),
        (notation.significant(3e8), "3.00e+08"),
        (notation.significant(0.0), "0"),
        (notation.equation(0.0061, 0.05), "p = .006"),
        (notation.equation(0.0004, 0.05), "p < .001"),
        (notation.equation(0.0496, 0.05), "p = .050"),
        (notation.equation(0.0504, 0.05), "p = .0504"),
        (notation.equation(0.05001, 0.05), "p = .05001"),
        (notation.equation(0.234, 0.05), "p = .23"),
        (notation.equation(1.0, 0.05), "p > .99"),
        (notation.equation(None, 0.05), ""),
        (style.wrap("learning_rate=0.01,dropout=0.5", 14), "learning_rate=\n0.01,dropout=\n0.5"),
        (style.wrap("a" * 20, 8), "aaaaaaaa\naaaaaaaa\naaaa"),
        (style.wrap("short name", 14), "short name"),
    ],
)
def test_formats(found: str, wanted: str) -> None:
    assert found == wanted


def test_differences_have_the_digits_that_their_interval_supports() -> None:
    test = {"mean_difference": 0.0081234, "ci_low": 0.0031, "ci_high": 0.0131468}
    assert Scale("accuracy", True).difference(test) == "+0.81"
    assert Scale("accuracy", True).interval(test) == "[0.31, 1.31]"
    assert Scale("loss", False).difference(test) == "+0.0081"
    narrow = {"mean_difference": -0.0001, "ci_low": -0.00015, "ci_high": -0.00005}
    assert Scale("accuracy", True).difference(narrow) == "−0.0100"
    alone = {"mean_difference": 0.5, "ci_low": None, "ci_high": None}
    assert Scale("accuracy", True).interval(alone) == "–"


def test_each_variant_has_a_look_of_its_own() -> None:
    looks = style.looks([f"v{n}" for n in range(30)], "v3")
    assert looks["v3"].line == "-"
    assert len({(look.colour, look.line, look.marker) for look in looks.values()}) == 30
    few = style.looks(list("abcdefgh"), "a")
    assert len({look.colour for look in few.values()}) == len({str(look.line) for look in few.values()}) == 8
