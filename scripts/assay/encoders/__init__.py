"""Encoders: one file each. The class named like the file is a `torch.nn.Module`.

It is made with the shape of one sample and the size of a vector, then the settings a study gives, and
maps (batch, *input_shape) → (batch, size): `__init__(self, input_shape, size, *, widths=(64,))`.
"""
