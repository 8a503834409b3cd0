"""What files that the configuration names hold: their content counts, and not where they lie."""

from functools import lru_cache
from pathlib import Path


def file_hash(path: Path) -> str:
    """Content hash of a file, read again only when the file changed.

    Raises:
        InputError: there is no such file.
    """
    from tango_models.media.container import checked_path

    stat = checked_path(path).stat()
    return _content(str(path.absolute()), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _content(path: str, changed: int, size: int) -> str:
    from tango_models.media.probe import content_id

    return content_id(Path(path))


def body_hash(path: str | None) -> str:
    """Content hash of the SMPL-X body in use, so that another file refits and the same file elsewhere does not."""
    from tango_models.body.smplx_body import OPEN_BODY

    return file_hash(Path(path).expanduser() if path else OPEN_BODY)
