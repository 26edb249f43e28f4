"""Samples: how they are read, split, scaled, written and loaded again."""
