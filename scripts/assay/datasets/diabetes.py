"""Diabetes: 442 patients, 10 measurements, how far the disease is a year later (scikit-learn's copy)."""

from __future__ import annotations

from assay.data.samples import Samples, from_values

TARGETS = "values"


def diabetes() -> Samples:
    """Age, sex, body mass index, blood pressure and six blood values; targets 25 to 346, without unit.

    Source: Efron et al. 2004, "Least Angle Regression", table 1. As measured: scikit-learn's scaled
    copy is centred over all patients, those of the test part among them.
    """
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    return from_values(bunch.data, bunch.target, ["progression"], "diabetes")
