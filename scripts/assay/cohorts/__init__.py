"""Cohorts: the seeds that one job trains, each in a process forked from one that has imported torch."""
