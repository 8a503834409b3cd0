"""Where a render goes: its key, the files beside the video, and whether they can be written."""

from pathlib import Path

from data_catalog import digest
from tango_models.errors import InputError


def render_key(path_id: str, interpolator: str, out: str) -> str:
    return digest(path_id, interpolator, out)


def beside(video: Path) -> tuple[Path, Path]:
    """Where the motion file and the report of a video go."""
    return video.with_suffix(".motion.npz"), video.with_suffix(".report.html")


def check_output(target: Path) -> None:
    """Refuse an output that cannot be written before anything is computed.

    Raises:
        InputError: no mp4, no such folder, or a folder that may not be written to.
    """
    import tempfile

    if target.suffix.lower() != ".mp4":
        raise InputError(str(target), "is no .mp4", "name an output file that ends in .mp4")
    if not target.parent.is_dir():
        raise InputError(str(target.parent), "no such folder", "create it or name another --out")
    if target.is_dir():
        raise InputError(str(target), "is a folder", "name a file")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise InputError(
            str(target.parent), f"cannot be written to ({error.strerror})", "name another --out"
        ) from error
