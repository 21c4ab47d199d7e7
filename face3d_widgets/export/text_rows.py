"""Numbers as lines of text, quickly."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

__all__ = ["DECIMALS", "text_rows"]

# A hundredth of a pixel of the photo, or a micrometre: finer than any depth.
DECIMALS = {"relative": 5, "mm": 3}
# Lines that are formatted in one go: enough to be quick, few enough to stay in the cache.
_AT_ONCE = 4096


def text_rows(line: str, values: NDArray[Any]) -> str:
    r"""One line per row.

    Parameters
    ----------
    line : str
        A `%` format with one place for every column, and the line's end:
        `"%.3f %d\n"`.
    values : (n, m)
        Numbers, or objects for `%s`.
    """
    parts = (values[i : i + _AT_ONCE] for i in range(0, len(values), _AT_ONCE))
    return "".join((line * len(part)) % tuple(part.ravel().tolist()) for part in parts)
