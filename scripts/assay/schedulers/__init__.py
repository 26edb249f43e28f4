"""Schedulers: one file each. The function or class named like the file makes torch's learning-rate scheduler.

It is called with the optimizer, which holds the learning rate at the start, and the number of epochs after
the warm-up, then the settings a study gives. The scheduler notes the learning rate at the start in each
group's `initial_lr`, and is stepped once after every epoch that follows the warm-up: for t epochs done it
gives the learning rate of the next. One with an attribute `metric` is stepped with the epoch's value of that
column of the history. A new scheduler with the same settings, given the `state_dict` of another without
its functions, continues with exactly the same learning rates.
"""
