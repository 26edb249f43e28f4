"""Decoders: one file each. The class named like the file is a `torch.nn.Module`.

It is made with the size of a vector and the shape of one sample, then the settings a study gives, and
maps (batch, size) → (batch, *output_shape): `__init__(self, size, output_shape, *, widths=(64,))`.
Its values have no bounds, as standardised data have none.
"""
