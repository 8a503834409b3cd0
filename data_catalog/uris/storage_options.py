"""Keys of object stores as part of settings and jobs, which are the parameters of flows: Prefect writes those into its
database as JSON and shows them in its UI."""

from typing import Annotated

from pydantic import Field, PlainSerializer

HIDDEN = "…"


def _hidden(options: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(options, HIDDEN)


StorageOptions = Annotated[
    dict[str, str],
    Field(repr=False),
    PlainSerializer(_hidden, return_type=dict[str, str], when_used="json"),
]
"""As Lance takes them. Of the values nothing is to be seen in JSON, nor where a model is printed."""
