"""From a study file to its variants: read, presets, overrides, grids, merged and checked."""
