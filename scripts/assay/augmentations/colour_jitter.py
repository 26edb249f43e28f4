"""Change brightness and contrast at random."""

from __future__ import annotations

from torch import Tensor

from assay.augmentations import Random


class ColourJitter:
    """Stretch each channel of a sample about its mean, then shift it; each channel by its own amount.

    Args:
        brightness: largest shift, in standard deviations of the standardised data.
        contrast: largest relative change of the spread.
    """

    def __init__(self, *, brightness: float = 0.2, contrast: float = 0.2) -> None:
        if brightness < 0 or not 0 <= contrast < 1:
            raise ValueError("brightness must be at least 0, contrast from 0 to below 1")
        self.brightness, self.contrast = brightness, contrast

    def __call__(self, inputs: Tensor, random: Random) -> Tensor:
        """(batch, channels, …) → the same shape."""
        if inputs.ndim < 3:
            raise ValueError(f"needs channels, not samples of shape {tuple(inputs.shape[1:])}")
        channels, space = inputs.shape[1], tuple(range(2, inputs.ndim))
        chance = (2 * random(2 * channels) - 1).to(inputs.dtype)
        shape = (-1, channels, *[1] * len(space))
        shift = self.brightness * chance[:, :channels].reshape(shape)
        stretch = 1 + self.contrast * chance[:, channels:].reshape(shape)
        mean = inputs.mean(space, keepdim=True)
        return (inputs - mean) * stretch + mean + shift
