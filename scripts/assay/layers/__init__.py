"""Building blocks that several components share; no components themselves."""
