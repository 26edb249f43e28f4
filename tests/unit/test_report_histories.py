"""Histories of runs as the report reads them, and their means over epochs."""

from __future__ import annotations

import numpy as np
from assay.report.histories import counts, points, read_histories, values_of

TABLE = """variant,seed,epoch,val_loss,val_accuracy
NA,0,1,4.0,0.5
NA,0,2,2.0,
NA,0,3,inf,0.7
NA,1,1,1.0,0.1
wide,0,1,3.0,nan
"""


def test_a_variant_may_be_named_na_and_what_is_no_finite_number_is_nan() -> None:
    first, second, wide = read_histories(TABLE)
    assert [(run.variant, run.seed) for run in (first, second, wide)] == [("NA", 0), ("NA", 1), ("wide", 0)]
    assert first.epochs.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(first.values["val_loss"], [4, 2, np.nan])
    np.testing.assert_array_equal(first.values["val_accuracy"], [0.5, np.nan, 0.7])
    assert np.isnan(wide.values["val_accuracy"]).all()
    assert counts([first, second, wide]) == {"NA": 2, "wide": 1}


def test_values_of_a_quantity_are_those_that_there_are() -> None:
    histories = read_histories(TABLE)
    assert values_of(histories, "val_accuracy").tolist() == [0.5, 0.7, 0.1]
    assert values_of(histories, "val_other").tolist() == values_of([], "val_loss").tolist() == []
    assert read_histories("variant,seed\n") == []


def test_a_point_is_the_mean_over_its_epochs_of_each_run_that_has_one() -> None:
    runs = read_histories(TABLE)[:2]
    epochs, values = points(runs, "val_loss", 1)
    assert epochs.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(values, [[4, 2, np.nan], [1, np.nan, np.nan]])
    epochs, values = points(runs, "val_loss", 2)
    np.testing.assert_allclose(epochs, [4 / 3, 3])  # of epochs 1 and 2 of the first run, 1 of the second
    np.testing.assert_array_equal(values, [[3, np.nan], [1, np.nan]])
