"""Everything that is set on the page, as a link or a file and back."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face3d_widgets.depth import MODELS
from face3d_widgets.export import SavedParameters, parameters_to_json
from face3d_widgets.figures import COLORMAPS
from face3d_widgets.figures.cameras import CAMERAS, Viewpoint, camera
from face3d_widgets.samples import SAMPLES, load_sample
from face3d_widgets.session.comparison import INPUTS
from face3d_widgets.session.file_kinds import FILE_KINDS
from face3d_widgets.session.order import FileChoices
from face3d_widgets.session.replay import (
    SavedSettings,
    read_link,
    read_settings,
    settings_of,
    to_link,
)
from face3d_widgets.session.replay_keys import KEYS, get
from face3d_widgets.session.replay_state import (
    OWN_PHOTO,
    PAGES,
    CompareState,
    LabState,
    Replay,
    Spot,
)
from face3d_widgets.types import (
    COLORINGS,
    SHAPES,
    GeometryParams,
    Photo,
    SolidParams,
    ViewParams,
    WrongOnPurpose,
)

# --- any page ----------------------------------------------------------------------------------


def number(low, high):
    return st.floats(low, high, allow_nan=False)


def triple(low, high):
    return st.tuples(*[number(low, high)] * 3)


PLACE = st.tuples(number(0, 4000), number(0, 4000))
WRONG = st.builds(
    WrongOnPurpose, st.booleans(), st.booleans(), st.booleans(), st.none() | number(1, 170)
)
MODEL = st.sampled_from(sorted(MODELS))
CONTESTANT = st.builds(
    lambda model, how: model if how == "photo" else f"{model}:{how}",
    MODEL,
    st.sampled_from(sorted(INPUTS)),
)
REPLAY = st.builds(
    Replay,
    photo=st.sampled_from([*SAMPLES, OWN_PHOTO]),
    turn=st.sampled_from([0, 90, 180, 270]),
    model=MODEL,
    page=st.sampled_from(PAGES),
    fov=st.none() | number(1, 170),
    params=st.builds(
        GeometryParams,
        relief=number(0, 10),
        n_points=st.integers(1, 10**9),
        cutoff=number(0, 1),
        smoothing=number(0, 1),
        edge_angle=number(0.1, 90),
        most_unsure=number(0.001, 1),
        scale_shift=st.none() | st.tuples(number(0, 1e6), number(-1e6, 1e6)),
        wrong=WRONG,
    ),
    view=st.builds(
        ViewParams,
        st.sampled_from(SHAPES),
        st.sampled_from(COLORINGS),
        st.sampled_from(COLORMAPS),
        number(0.1, 50),
        number(0, 1),
        st.booleans(),
        st.booleans(),
    ),
    camera=st.none()
    | st.builds(Viewpoint, triple(2, 1000), triple(-1, 1), st.tuples(*[number(0.1, 1)] * 3)),
    spot=st.builds(
        Spot,
        st.sampled_from(["off", "ruler", "distance", "profile"]),
        st.lists(PLACE, max_size=2).map(tuple),
        st.none() | st.tuples(*[number(0, 4000)] * 4, number(0.1, 1e4)),
    ),
    kind=st.sampled_from(sorted(FILE_KINDS)),
    choices=st.builds(
        FileChoices,
        st.none() | st.integers(100, 10**7),
        st.builds(
            SolidParams,
            width_mm=number(10, 500),
            thickest_mm=number(1, 10),
            depth_share=number(0.01, 1),
        ),
        number(10, 500),
        number(50, 1200),
        st.sampled_from(["white", "transparent"]),
        st.booleans(),
    ).flatmap(
        lambda choices: st.builds(
            lambda name, mm: dataclasses.replace(choices, **{name: mm}),
            st.sampled_from(["head_mm", "model_width_mm"]),
            st.none() | number(1, 10_000),
        )
    ),
    compare=st.builds(
        CompareState,
        st.lists(CONTESTANT | st.just(""), max_size=4).map(tuple),
        CONTESTANT | st.just(""),
        st.sampled_from(["photo", "difference"]),
    ),
    lab=st.builds(
        LabState,
        st.sampled_from(["", "egg", "near-egg"]),
        MODEL,
        WRONG,
        st.sampled_from(["photo", "error"]),
        st.sampled_from(["place", "direction"]),
    ),
)


@settings(max_examples=100, deadline=None)
@given(REPLAY)
def test_a_link_gives_the_same_page_back(replay):
    link = to_link(replay)
    opened = read_link(link)
    if link == "":
        assert replay == Replay()
        return
    assert opened.replay == replay
    assert opened.ignored == ()
    assert not opened.newer
    assert link.isascii()
    assert not set(link) & set(' "<>#`{}|\\^')


@settings(max_examples=50, deadline=None)
@given(REPLAY)
def test_a_file_gives_the_same_page_back(replay):
    photo = load_sample(replay.photo if replay.photo in SAMPLES else next(iter(SAMPLES)))
    if replay.photo == OWN_PHOTO:
        photo = Photo(photo.rgb[:-5], name="anna")
    photo = photo.turned(replay.turn)
    params = dataclasses.replace(replay.params, fov=replay.fov or 50.0)
    saved = read_settings(parameters_to_json(settings_of(replay, photo, params)))
    assert saved.replay == dataclasses.replace(replay, fov=params.fov)
    assert saved.is_of(photo)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text("v=1&prfnz.,:%0-9aeknot#+\x00é", max_size=120))
def test_garbage_never_raises(text):
    for given_text in (text, f"#v=1&{text}", f"https://example.org/?a=b#v=1&{text}"):
        opened = read_link(given_text)
        if opened is not None:
            to_link(opened.replay)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(KEYS)), st.text(max_size=40))
def test_a_broken_value_is_named_and_the_rest_counts(key, value):
    from urllib.parse import quote

    opened = read_link(f"v=1&{key}={quote(value)}&zz=1&a=1")
    assert "zz" in opened.ignored
    if key != "a":
        assert opened.replay.view.axes
    if KEYS[key].name in opened.ignored:
        assert get(opened.replay, KEYS[key].path) == get(
            Replay(view=ViewParams(draw_as="mesh", axes=True)), KEYS[key].path
        )


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_no_file_of_settings_raises_anything_but_a_sentence(value):
    text = value if isinstance(value, str) else json.dumps(value)
    with pytest.raises(ValueError, match="parameters"):
        read_settings(text)


# --- links -------------------------------------------------------------------------------------


def test_the_page_of_the_start_has_no_link():
    assert to_link(Replay()) == ""


def test_only_what_differs_is_written_in_few_letters():
    replay = Replay(
        photo="rendered_elder",
        fov=35.0,
        params=GeometryParams(relief=1.5, wrong=WrongOnPurpose(eight_bit=True)),
        view=ViewParams(draw_as="points", color_by="depth", colormap="Viridis"),
        camera=Viewpoint((1.25, -0.5, 0.1)),
    )
    assert to_link(replay) == (
        "v=1&p=rendered_elder&r=1.5&f=35&w8=1&d=points&b=depth&cm=Viridis&cam=1.25,-0.5,0.1"
    )


def test_what_a_key_leaves_out_is_what_it_was_when_version_1_was_made():
    # Whoever changes a default changes what every link says that leaves it out: count
    # `VERSION` up and read the links of version 1 with these.
    defaults = {key: get(Replay(), entry.path) for key, entry in KEYS.items()}
    assert defaults == {
        **{
            "p": "astronaut",
            "t": 0,
            "m": "face_lite",
            "pg": "model",
            "r": 1.0,
            "f": None,
            "c": 0.4,
        },
        **{"s": 0.0, "n": 30_000, "e": 85.2, "u": 1.0, "z": None, "wi": False, "wf": None},
        **{"w8": False, "we": False, "d": "mesh", "b": "photo", "cm": "Greys", "l": False},
        **{"ps": 3.0, "o": 1.0, "a": False, "cam": None, "k": None, "mm": "off", "mp": ()},
        **{"xh": None, "xm": None, "xs": 0.12},
        **{"x": "glb", "xf": 100_000, "xp": 80.0, "xt": 3.0, "xw": 120.0, "xd": 300.0},
        **{"xb": "white", "xr": False, "cp": (), "cs": "", "cc": "photo", "lh": ""},
        **{"lm": "face_lite", "li": False, "lf": None, "l8": False, "le": False},
        **{"lc": "photo", "lo": "place"},
    }


def test_every_field_of_the_records_has_a_key():
    def leaves(record, path=()):
        for entry in dataclasses.fields(record):
            value, here = getattr(record, entry.name), (*path, entry.name)
            if dataclasses.is_dataclass(value):
                yield from leaves(value, here)
            else:
                yield here

    # Of no control: they follow from others, or the page does not offer them.
    unset = {
        *[("params", "fov"), ("params", "mm_per_unit"), ("choices", "film_seconds")],
        *[("choices", "solid", name) for name in ("style", "wall_mm", "depth_mm", "border_mm")],
        *[("choices", "solid", name) for name in ("thinnest_mm", "n_faces")],
    }
    assert {entry.path for entry in KEYS.values()} == set(leaves(Replay())) - unset


@pytest.mark.parametrize(
    "text", ["", "#", "#section-2", "v1", "#v=x", "#r=2", "#v=1" + "&r=2" * 2000]
)
def test_an_address_without_a_link_is_none(text):
    assert read_link(text) is None


def test_a_newer_link_is_read_as_far_as_it_is_known():
    opened = read_link("v=2&r=2&new=3")
    assert opened.newer
    assert opened.replay.params.relief == 2
    assert opened.ignored == ("new",)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        *[("r=11", "relief"), ("r=nan", "relief"), ("r=", "relief"), ("n=0", "point density")],
        *[("u=0", "unsure points"), ("p=../../etc", "photo"), ("m=nothing", "network")],
        *[("cam=1,2", "camera"), ("cam=0,0,0", "camera"), ("cam=1e9,0,0", "camera")],
        *[("b=red", "colour by"), ("cm=Jet", "colours of depth"), ("a=yes", "axes")],
        *[
            ("z=1", "scale and shift"),
            ("k=1,2,3,4,0", "scale"),
            ("cp=face_lite:x", "compared networks"),
        ],
        *[("lh=../x", "head"), ("x=exe", "kind of file"), ("xd=9", "dots an inch")],
    ],
)
def test_what_cannot_be_is_left_out_and_named(part, name):
    opened = read_link(f"v=1&{part}")
    assert opened.ignored == (name,)
    assert opened.replay == Replay()


def test_many_unknown_parts_are_not_all_named():
    opened = read_link("v=1&" + "&".join(f"q{i}=1" for i in range(60)))
    assert opened.ignored == ("q0", "q1", "q2", "q3", "q4", "and others")


def test_a_photo_of_ones_own_is_said_and_not_named():
    link = to_link(Replay(photo=OWN_PHOTO, fov=40.0))
    assert link == "v=1&p=own&f=40"


# --- files -------------------------------------------------------------------------------------


def test_the_parameters_of_a_zip_are_settings_too(photo):
    params = GeometryParams(relief=2, fov=33, mm_per_unit=180)
    view = ViewParams(draw_as="points", point_size=2)
    data = parameters_to_json(SavedParameters.of(photo, "dpt_large_384", params, view))
    saved = read_settings(data)
    assert saved.geometry == params
    assert saved.replay == Replay(
        photo=OWN_PHOTO,
        model="dpt_large_384",
        fov=33.0,
        params=GeometryParams(relief=2),
        view=view,
    )


def test_settings_are_read_where_parameters_are():
    from face3d_widgets.export import parameters_from_json

    photo = load_sample("rendered_adult")
    replay = Replay(photo="rendered_adult", camera=Viewpoint((1.0, 2.0, 3.0)))
    data = parameters_to_json(settings_of(replay, photo, GeometryParams()))
    plain = parameters_from_json(data)
    assert type(plain) is SavedParameters
    assert plain.photo_name == "rendered_adult"
    assert isinstance(read_settings(data), SavedSettings)


def test_an_upload_that_bears_a_samples_name_is_no_sample(photo):
    upload = Photo(photo.rgb, name="astronaut")
    saved = settings_of(Replay(photo=OWN_PHOTO), upload, GeometryParams())
    assert saved.replay.photo == OWN_PHOTO


@pytest.mark.parametrize(
    "change",
    [
        {"model": "nothing"},
        {"page": "elsewhere"},
        {"kind": "exe"},
        {"camera": {"eye": [0, 0, 0]}},
        {"view": {"colormap": "Jet"}},
        {"geometry": {"relief": -1}},
        {"geometry": {"n_points": "many"}},
        {"spot": {"ruler": [1, 2, 3, 4, -5]}},
    ],
)
def test_values_that_no_page_can_show_are_said(change):
    data = json.loads(
        parameters_to_json(settings_of(Replay(), load_sample("astronaut"), GeometryParams()))
    )
    with pytest.raises(ValueError, match=r"\w{3}"):
        read_settings(json.dumps({**data, **change}))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format_version": 1' + "0" * 5000 + "}", "NaN"])
def test_monstrous_files_are_refused(text):
    with pytest.raises(ValueError, match=r"settings|parameters"):
        read_settings(text)


def test_a_file_of_a_million_places_is_not_even_parsed(monkeypatch):
    data = json.loads(
        parameters_to_json(settings_of(Replay(), load_sample("astronaut"), GeometryParams()))
    )
    data["spot"]["places"] = [[1, 2]] * 1_000_000
    text = json.dumps(data)
    with monkeypatch.context() as patch:
        patch.setattr(json, "loads", None)
        with pytest.raises(ValueError, match=r"it has 8\.0 MB, and parameters have some two"):
            read_settings(text)
    data["spot"]["places"] = [[1, 2]] * 20_000
    with pytest.raises(ValueError, match="at most two places are measured, not 20000"):
        read_settings(json.dumps(data))


def test_what_cannot_be_is_said_in_a_few_words():
    data = json.loads(
        parameters_to_json(settings_of(Replay(), load_sample("astronaut"), GeometryParams()))
    )
    with pytest.raises(ValueError, match="correct it or save anew") as caught:
        read_settings(json.dumps({**data, "page": ["elsewhere"] * 10_000}))
    assert len(str(caught.value)) < 250


# --- the camera --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAMERAS)
def test_a_viewpoint_is_plotlys_camera_and_back(name):
    seen = Viewpoint.from_plotly(camera(name))
    assert seen.eye == pytest.approx([CAMERAS[name][axis] for axis in "xyz"], abs=5e-4)
    assert Viewpoint.from_plotly(seen.to_plotly()) == seen


@pytest.mark.parametrize("eye", [(0.0, 0.0, 0.0), (float("nan"), 1.0, 1.0), (5000.0, 0.0, 0.0)])
def test_a_viewpoint_has_to_see_something(eye):
    with pytest.raises(ValueError, match="camera"):
        Viewpoint(eye)
