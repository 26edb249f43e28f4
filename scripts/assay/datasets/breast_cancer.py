"""Breast cancer in Wisconsin: 569 biopsies, 30 measurements, malignant or benign (scikit-learn's copy)."""

from __future__ import annotations

from assay.data.samples import Samples


def breast_cancer() -> Samples:
    """Thirty features a biopsy; class 0 is malignant, 1 benign."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return Samples(bunch.data, bunch.target, [str(name) for name in bunch.target_names])
