"""Handwritten digits: 1,797 images of 8 x 8 pixels in ten classes (UCI, shipped with scikit-learn)."""

from __future__ import annotations

from assay.data.samples import Samples


def digits() -> Samples:
    """Images of shape (1, 8, 8), grey values 0 to 16."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.reshape(-1, 1, 8, 8)
    return Samples(images, bunch.target, [str(name) for name in bunch.target_names])
