"""The typed settings of studies: one file a part, every field with its default and a docstring."""
