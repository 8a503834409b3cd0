"""Bounds that commands, forms and settings share."""

LARGEST_INTEGER = 2**63 - 1
"""The largest whole number that the catalog's tables hold and Prefect's server gives out again."""
LONGEST_HOURS = 24.0 * 36525
"""A hundred years: the clock of a machine need not go back farther."""
