"""Data sets: one file each. The function named like the file returns `assay.data.samples.Samples`.

Its arguments are the settings that a study may give; one annotated `InputFile` names a file. A module
may also define `check(**settings)`, called before any job with files as full paths; it imports little
and raises `SettingError`, which names the setting.
"""
