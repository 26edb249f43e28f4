"""Losses: one file each. The class named like the file is a `torch.nn.Module`.

It is called with what the task gives it (for classification: logits and class indices) and returns the
mean over the batch.
"""
