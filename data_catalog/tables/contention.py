"""Writes that race: Lance lets one of them win, and the others try again."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_ATTEMPTS = 24
_SAID = ("conflict", "contention", "concurrent", "too many retries", "retryable")


def is_contention(error: Exception) -> bool:
    """Whether a write was lost against another one."""
    return any(word in str(error).lower() for word in _SAID)


def retry(write: Callable[[], T]) -> T:
    """What `write` returns, tried again with jitter for as long as others win, 24 times at most."""
    for attempt in range(_ATTEMPTS):
        try:
            return write()
        except (OSError, RuntimeError) as error:
            if attempt + 1 == _ATTEMPTS or not is_contention(error):
                raise
            time.sleep(random.uniform(0, min(2.0, 0.05 * 1.5**attempt)))
    raise AssertionError("unreachable")
