# `snakemake` works from the repository's root; the workflow itself is workflow/Snakefile.
include: "workflow/Snakefile"


workflow.default_target = "all"
