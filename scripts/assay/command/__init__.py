"""The command `assay`: looks at the store; one file a subcommand."""
