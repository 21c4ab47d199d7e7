"""Groups of pictures, so that scores can be told apart by group.

A mean over all faces hides whom a network serves badly. Groups are made from what is known of
each render, and from how light the face came out in the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from face3d_widgets.geometry import Scores

__all__ = ["Row", "groups_of"]

#: Lower ends of the bands of yaw, in degrees from straight on.
YAW_BANDS = (0, 10, 25, 45)
#: Where age groups begin, on the body model's scale: 0 is a baby, 1/3 a child, 2/3 a young
#: adult, 1 an old person.
AGE_GROUPS = {"child or teenager": 0.0, "adult": 0.5, "elder": 0.8}
#: Facts whose every value makes a group.
KINDS = ("glasses", "beard", "head_wear", "before", "people")
_THIRDS = ("darkest third", "middle third", "lightest third")
# Fewer pictures than this are not divided into thirds.
_ENOUGH_FOR_THIRDS = 9


@dataclass(frozen=True)
class Row:
    """One picture's scores.

    Attributes
    ----------
    name : str
    scores : Scores
    facts : dict
        Of the case.
    face_lightness : float
        Median of the face's lightness in the picture, CIE L* from 0 to 100.
    """

    name: str
    scores: Scores
    facts: dict[str, Any]
    face_lightness: float


def groups_of(rows: Sequence[Row]) -> dict[str, dict[str, tuple[Row, ...]]]:
    """Pictures by yaw, skin, light, age, and what is worn or held before the face.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    dict of str to dict of str to tuple of Row
        Kind of group, then group. A kind is left out where nothing is known of it, a group
        where nobody is in it; a picture without the fact is in none of the kind's groups.
    """
    groups = {
        "yaw": _sorted_by(rows, _yaw_band, _yaw_names()),
        "age": _sorted_by(rows, _age_group, list(AGE_GROUPS)),
    }
    for fact in KINDS:
        values = sorted({name for row in rows if (name := _value(row, fact)) is not None})
        groups[fact] = _sorted_by(rows, partial(_value, fact=fact), values)
    skin = _thirds([row.facts.get("skin_lightness") for row in rows])
    light = _thirds([row.face_lightness for row in rows])
    for kind, thirds in (("skin", skin), ("face in the picture", light)):
        parts = {
            name: tuple(row for row, third in zip(rows, thirds, strict=True) if third == name)
            for name in _THIRDS
        }
        groups[kind] = {name: part for name, part in parts.items() if part}
    dark = [
        row
        for row, tone, level in zip(rows, skin, light, strict=True)
        if tone == _THIRDS[0] and level == _THIRDS[0]
    ]
    if dark:
        groups["skin and picture"] = {"both darkest": tuple(dark)}
    return {kind: parts for kind, parts in groups.items() if parts}


def _sorted_by(
    rows: Sequence[Row], group_of: Callable[[Row], str | None], names: Sequence[str]
) -> dict[str, tuple[Row, ...]]:
    parts = {name: tuple(row for row in rows if group_of(row) == name) for name in names}
    return {name: part for name, part in parts.items() if part}


def _yaw_names() -> list[str]:
    between = [f"{low} to {high}" for low, high in pairwise(YAW_BANDS)]
    return [*between, f"{YAW_BANDS[-1]} and more"]


def _yaw_band(row: Row) -> str | None:
    yaw = row.facts.get("yaw")
    if yaw is None:
        return None
    return _yaw_names()[sum(abs(yaw) >= low for low in YAW_BANDS[1:])]


def _age_group(row: Row) -> str | None:
    age = row.facts.get("age")
    if age is None:
        return None
    return [name for name, first in AGE_GROUPS.items() if age >= first][-1]


def _value(row: Row, fact: str) -> str | None:
    if fact not in row.facts:
        return None
    value = row.facts[fact]
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _thirds(values: Sequence[Any]) -> list[str | None]:
    """The third that each value is in, from the lowest; None where it is not known."""
    known = [float(value) for value in values if value is not None]
    if len(known) < _ENOUGH_FOR_THIRDS:
        return [None] * len(values)
    ends = np.quantile(known, [1 / 3, 2 / 3])
    return [None if value is None else _THIRDS[int((value > ends).sum())] for value in values]
