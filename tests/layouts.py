"""Both ways in which a catalog lies on its disk: its tables cut into shards, or as those of older releases."""

from dataclasses import replace

from data_catalog import Catalog
from data_catalog.tables.dataset import Dataset
from data_catalog.tables.schemas import TABLES
from data_catalog.tables.store import Table

LAYOUTS = ("cut", "whole")


def laid_out(catalog: Catalog, layout: str = "whole") -> Catalog:
    """Make an empty catalog's tables as a release before shards did, if `whole`."""
    for spec in TABLES.values() if layout == "whole" else ():
        (part,) = Table(catalog.uri, replace(spec, shards_by=()), catalog.storage_options).parts()
        part.open().update_schema_metadata({"tango.schema": "1"})
    return catalog


def only_part(catalog: Catalog, table: str) -> Dataset:
    """The one dataset of a table that is there."""
    (part,) = catalog.table(table).parts()
    return part
