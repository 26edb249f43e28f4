"""The cluster that jobs are sent to: what it has, and whether it can do what a study asks for."""
