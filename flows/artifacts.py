"""Tables and lists in Prefect's UI, which takes every text in them for Markdown, and HTML."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

_SPECIAL = re.compile(r"[\\`*\[\]|~<&]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown may take for more than a letter: an underscore only where a word begins or ends."""


def plain(text: str) -> str:
    """A text, of a file name or a message, that is shown as it is: no links, pictures, tags or lost stars."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def show_table(rows: Sequence[Mapping[str, Any]], *, key: str, description: str, pictures: Sequence[str] = ()) -> None:
    """A table of a run's page. Its texts are shown as they are.

    Args:
        pictures: data URIs of images, one for each row, "" for none; those without any make no column.
    """
    shown = [{name: plain(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows]
    if any(pictures):
        columns = [{"picture": f"![]({uri})" if uri else ""} for uri in pictures]
        shown = [column | row for column, row in zip(columns, shown, strict=True)]
    create_table_artifact(shown, key=key, description=plain(description))


def show_list(title: str, lines: Sequence[str], *, key: str) -> None:
    """A list of lines of a run's page, shown as they are."""
    listed = "\n".join(f"- {plain(line)}" for line in lines)
    create_markdown_artifact(f"# {title}\n\n{listed}\n", key=key)
