"""Settings that are paths, for processes that are in another folder than whoever set them."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flows.configuration.setting_names import FILE_VARIABLE, variable

if TYPE_CHECKING:
    from flows.configuration.settings import Settings

PATHS = ("dataset", "body", "acinterp", "aumoclip.checkpoint", "aumoclip.backbones", "cluster.token_file")
"""Of files and folders, but for the catalog and the home, which the commands look at themselves."""


def whole_paths(settings: "Settings", environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """By their names, the variables that say the same as the settings of now in any folder: those that are relative
    paths, whether they come from a variable or from a file, and the file's own.

    Args:
        environment: the settings were read in.
    """
    given = {variable(name): _value(settings, name) for name in PATHS}
    given[FILE_VARIABLE] = environment.get(FILE_VARIABLE)
    return {name: os.path.abspath(place) for name, place in given.items() if place and _is_relative(place)}


def _is_relative(place: str) -> bool:
    return not (os.path.isabs(place) or place.startswith("~") or "://" in place)


def _value(settings: "Settings", name: str) -> str | None:
    found: object = settings
    for part in name.split("."):
        found = getattr(found, part)
    assert found is None or isinstance(found, str)
    return found
