"""Memory: the arrays of a frame are as large as those of the frame before, so what is freed is kept for them."""

from __future__ import annotations

import ctypes
from functools import lru_cache

# Of glibc's malloc.h; no other C library has these names.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT = 1 << 29  # bytes


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Do not hand memory back to the system after each frame: to get it again, page by page, takes a tenth of all time.

    A process becomes no larger than it was at its largest. Where there is no glibc, nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(MMAP_THRESHOLD, KEPT)
    mallopt(TRIM_THRESHOLD, KEPT)
