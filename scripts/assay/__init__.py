"""Assay: experiments that are trained many times, compared honestly, and repeatable to the bit.

This file is part of every address: it stays empty of code.
"""
