"""Models: one file each. The class named like the file is a `torch.nn.Module`.

It is made with the shape of one sample and the number of outputs, then the settings a study gives:
`__init__(self, input_shape, outputs, *, widths=(64, 64))`. A method `embed` (what the last layer sees) and
that layer as `head` are needed by tasks that look inside, such as contrastive.
"""
