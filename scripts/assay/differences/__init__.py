"""What separates two recipes, two results, two versions of the code: for `assay why` and `assay diff`."""
