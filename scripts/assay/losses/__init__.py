"""Losses: one file each. The class named like the file is a `torch.nn.Module`.

It is called with what the task gives it (for classification: logits and class indices) and returns the
mean over the batch: a scalar, or a mapping with `loss`, the scalar that is lowered, and the parts it is
made of. Every part is in the history; those that the class names in `parts` may also be compared.

`kind` says what it compares: `classes` (logits and class indices), `values` (two tensors of one shape) or
`embeddings` (embeddings and class indices) or `teacher` (logits, class indices, a teacher's logits). A task
of another kind refuses it; without one it fits any task.
"""
