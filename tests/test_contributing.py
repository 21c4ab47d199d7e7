"""The guide for developers names what is there."""

import re
from pathlib import Path

from tests.test_floors import FLOOR_OF

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_room_is_on_the_map_with_its_floor():
    rows = re.findall(r"^\| (\d) \| (.+?) \|", GUIDE, re.MULTILINE)
    told = {room: int(floor) for floor, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}
    there = {path.stem for path in (ROOT / "face3d_widgets").glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in (ROOT / "face3d_widgets").glob("*/__init__.py")}
    assert told == {room: FLOOR_OF[room] for room in there}


def test_files_that_are_named_exist():
    named = re.findall(
        r"`((?:face3d_widgets/|tests/|notebooks/)?\w[\w/]*(?:\.py|\.ipynb|/))`", GUIDE
    )
    assert len(named) > 15
    places = (ROOT, ROOT / "face3d_widgets", ROOT / "tests", ROOT / "notebooks" / "lessons")
    named.remove("NN_title.ipynb")
    assert [n for n in named if not any((place / n).exists() for place in places)] == []


def test_every_finding_is_a_script_that_says_what_was_seen():
    scripts = list((ROOT / "findings").glob("*.sh"))
    assert scripts
    for script in scripts:
        head = script.read_text("utf-8").split("set -eu")[0]
        assert all(f"# {word}:" in head for word in ("Versions", "Expected", "Seen")), script.name
    shown = re.findall(r"sh (findings/\S+)", (ROOT / "findings/README.md").read_text("utf-8"))
    assert all((ROOT / path).exists() for path in shown)
