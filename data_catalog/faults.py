"""Faults that a person can mend."""


class CatalogFault(ValueError):
    """Something that was asked of a catalog cannot be; the message names it, the fault and the remedy."""


class BadName(CatalogFault):
    """A name that no avatar can have."""


class InUse(CatalogFault, TimeoutError):
    """Others were at a table all the time."""
