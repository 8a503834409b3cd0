"""A video as it is handed in, with what is said of it."""

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
