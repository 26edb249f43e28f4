"""Optimizers: one file each. The function named like the file returns a `torch.optim.Optimizer`.

It takes the parameters and the learning rate, then the settings a study gives.
"""
