"""The cache folder, for all that can be fetched or made again."""

from __future__ import annotations

from pathlib import Path

__all__ = ["user_cache"]


def user_cache() -> Path:
    """The program's folder in the cache of whoever runs it; it need not be there yet."""
    from platformdirs import user_cache_path

    return user_cache_path("face3d_widgets", appauthor=False)
