"""The report's figures: a file each. Functions take numbers and return a figure.

They are called within `assay.report.style.sheet`. Intervals are of Student's t unless they say otherwise.
"""
