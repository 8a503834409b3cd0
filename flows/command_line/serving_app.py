"""`tango`: the commands that run until they are ended."""

from typing import Annotated

import typer

from flows.command_line.options import CatalogOption

app = typer.Typer()


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Of the server and its UI [default: the first free from 4200]")
    ] = None,
    home: Annotated[
        str | None, typer.Option(help="Folder of Prefect's database and the logs [default: beside the catalog]")
    ] = None,
    catalog: CatalogOption = None,
) -> None:
    """Start the Prefect server with its UI, and a worker with the deployments of prefect.yaml."""
    from flows.command_line import serving_commands

    serving_commands.serve(port, home, catalog)


@app.command()
def work(
    home: Annotated[
        str | None, typer.Option(help="Folder of the log and the list of runs [default: beside the catalog]")
    ] = None,
    catalog: CatalogOption = None,
) -> None:
    """Do the runs of a Prefect server that runs elsewhere, named by PREFECT_API_URL."""
    from flows.command_line import serving_commands

    serving_commands.work(home, catalog)


@app.command()
def metrics(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="[default: that of the settings, else 9464]")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Also of a catalog that nothing was onboarded into yet")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Give figures of a catalog to Prometheus, to this machine alone unless TANGO_METRICS__HOST says otherwise. (`tango
    serve` and `tango work` do so too where TANGO_METRICS__PORT is set.)"""
    from flows.command_line import serving_commands

    serving_commands.metrics(port, catalog, new=new)
