"""The catalog that is meant, where something is looked for in it."""

from data_catalog import Catalog
from flows.configuration.settings import Settings
from tango_models.errors import InputError


def existing_catalog(settings: Settings, tag: str | None = None) -> Catalog:
    """The catalog of the settings; as a rule one that is not there is misspelt, and none is made.

    Raises:
        InputError: nothing was ever onboarded there.
    """
    catalog = Catalog(settings.catalog, settings.storage_options, tag)
    if not catalog.exists():
        remedy = "name the one that was onboarded into with --catalog; `tango onboard AVATAR VIDEO...` makes one"
        raise InputError(catalog.uri, "holds no catalog", remedy)
    return catalog
