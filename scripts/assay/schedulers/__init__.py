"""Schedulers: one file each. The function named like the file returns a `torch` learning-rate scheduler.

It takes the optimizer and the number of epochs, then the settings a study gives. It is stepped once
after every epoch.
"""
