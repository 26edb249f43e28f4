"""Finished results computed again: in fresh processes, in a temporary store, compared bit by bit."""
