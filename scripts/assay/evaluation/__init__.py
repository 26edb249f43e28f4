"""Evaluation: one trained run, measured on data it was not trained on."""
