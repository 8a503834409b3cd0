"""A video as it is handed in, with what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Footage:
    """
    Attributes:
        place: path or URI, as it was given.
        motion: path or URI of a motion file to import instead of fitting.
        consent: reference to the consent of whom it shows; scene: what it shows. "": nothing is said.
        row: of the manifest that names it, as a person calls it; "" without one.
    """

    place: str
    motion: str | None = None
    consent: str = ""
    scene: str = ""
    row: str = ""

    def said(self, what: object) -> str:
        """A line about it."""
        return f"{self.row}: {what}" if self.row else str(what)

    def kept(self) -> dict[str, str]:
        """What is said of it, for `again`."""
        return {name: value for name in _SAID if (value := getattr(self, name))}

    @classmethod
    def again(cls, place: str, kept: Mapping[str, str]) -> "Footage":
        """What was handed in once before."""
        return cls(place, **{name: kept[name] for name in _SAID if name in kept})


_SAID = ("motion", "consent", "scene", "row")
