"""Archives: a study or a run, as one file that a reader of the paper can unpack, verify and rerun.

<name>-<12 hex digits of the SHA-256 of MANIFEST.json>/
    MANIFEST.json   every other file with its size and SHA-256, every link; it stands first in the archive
    VERIFY.md       what to do with the archive, for a person
    results/        a store with what the study or the run needs, and nothing else
    …               the project, as it was when it was exported
"""

MANIFEST = "MANIFEST.json"
GUIDE = "VERIFY.md"
STORE = "results"
SUFFIX = ".tar.gz"
