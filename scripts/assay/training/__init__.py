"""Training: one recipe, one prepared data set, one seed."""
