"""Cohorts: the runs that one job computes, each in processes forked from one that has imported torch."""
