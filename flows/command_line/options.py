"""Options of several commands."""

from typing import Annotated

import typer

CatalogOption = Annotated[
    str | None,
    typer.Option("--catalog", metavar="URI", help="Folder or object-store URI of the tables [default: tango_catalog]"),
]
