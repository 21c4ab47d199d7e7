"""Surfaces made by hand, so that tests of files know every number in them."""

import numpy as np

from face3d_widgets.types import Photo, PointCloud, Surface


def dome(rows=40, columns=32, *, unit="relative", wave=0.02):
    """A bulging, wavy sheet that faces the camera, with normals, uv and colours."""
    v, u = np.mgrid[:rows, :columns].astype(np.float32)
    v, u = (v + 0.5) / rows, (u + 0.5) / columns
    x, y = (u - 0.5) * columns / rows, v - 0.5
    z = 1.1 + 0.5 * (x * x + y * y) + wave * np.sin(17 * x) * np.cos(13 * y)
    dz_dx = x + 17 * wave * np.cos(17 * x) * np.cos(13 * y)
    dz_dy = y - 13 * wave * np.sin(17 * x) * np.sin(13 * y)
    normals = np.stack([dz_dx, dz_dy, np.full_like(x, -1)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    scale = np.float32(250 if unit == "mm" else 1)

    i = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = i[:-1, :-1].ravel(), i[:-1, 1:].ravel(), i[1:, :-1].ravel(), i[1:, 1:].ravel()
    faces = np.concatenate([np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)])
    return Surface(
        vertices=(np.stack([x, y, z], axis=-1) * scale).reshape(-1, 3),
        faces=faces,
        normals=normals.reshape(-1, 3).astype(np.float32),
        uv=np.stack([u, v], axis=-1).reshape(-1, 2),
        colors=checked_photo(rows, columns).rgb.reshape(-1, 3),
        unit=unit,
    )


def points_of(surface):
    """The vertices of a `dome` as points of a photo."""
    return PointCloud(
        points=surface.vertices,
        colors=surface.colors,
        pixels=np.arange(len(surface.vertices), dtype=np.int32),
        inverse_depth=1 / surface.vertices[:, 2],
    )


def checked_photo(rows=40, columns=32, name="anna"):
    """Four quarters of different colours, each with a slope: no turn or flip looks the same."""
    y, x = np.mgrid[:rows, :columns]
    rgb = np.empty((rows, columns, 3), np.uint8)
    rgb[..., 0] = np.where(x < columns / 2, 200, 30) + 20 * y // rows
    rgb[..., 1] = np.where(y < rows / 2, 190, 40) + 20 * x // columns
    rgb[..., 2] = 120
    return Photo(rgb, name=name)


def plate(width=80.0, height=60.0, thickness=4.0):
    """A closed box in millimetres, its underside at z = 0 in the file."""
    corners = np.array([(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1)], np.float32)
    corners = (corners - [0.5, 0.5, 1]) * [width, height, thickness]
    faces = [
        *[(0, 2, 1), (1, 2, 3)],  # z = -thickness in the camera's frame: the top
        *[(4, 5, 6), (5, 7, 6)],
        *[(0, 1, 4), (1, 5, 4)],
        *[(2, 6, 3), (3, 6, 7)],
        *[(0, 4, 2), (2, 4, 6)],
        *[(1, 3, 5), (3, 7, 5)],
    ]
    return Surface(corners.astype(np.float32), np.array(faces, np.int32), unit="mm")


def ball(radius=30.0, halvings=3):
    """A closed ball in millimetres, made from an octahedron; it stands on z = 0 in the file."""
    vertices = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    faces = [(a, b, c) for a in (0, 1) for b in (2, 3) for c in (4, 5)]
    faces = [f if (f[0] + f[1] + f[2]) % 2 == 0 else f[::-1] for f in faces]
    for _ in range(halvings):
        numbers, finer = {}, []

        def middle(a, b, numbers=numbers):
            key = (min(a, b), max(a, b))
            if key not in numbers:
                numbers[key] = len(vertices)
                point = np.add(vertices[a], vertices[b])
                vertices.append(tuple(point / np.linalg.norm(point)))
            return numbers[key]

        for a, b, c in faces:
            ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
            finer += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        faces = finer
    points = (np.array(vertices) - [0, 0, 1]) * radius
    return Surface(points.astype(np.float32), np.array(faces, np.int32), unit="mm")


def volume(points, faces):
    """Signed volume inside, positive where the faces are counter-clockwise from outside."""
    a, b, c = (points[faces[:, i]].astype(float) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def mean_normal(points, faces):
    """(3,): the sum of the faces' area vectors, by the order of their corners."""
    a, b, c = (points[faces[:, i]].astype(float) for i in range(3))
    return np.cross(b - a, c - a).sum(axis=0) / 2


def read_ply(data):
    """Comments, vertices and faces, by the format's description alone."""
    types = {"float": "<f4", "uchar": "u1"}
    head, _, body = data.partition(b"end_header\n")
    lines = head.decode("ascii").split("\n")
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert lines.pop() == ""
    comments, counts, fields = [], {}, []
    for word, *rest in (line.split(" ") for line in lines[2:]):
        if word == "comment":
            comments.append(" ".join(rest))
        elif word == "element":
            counts[rest[0]] = int(rest[1])
        elif "face" in counts:
            assert [word, *rest] == ["property", "list", "uchar", "int", "vertex_indices"]
        else:
            assert word == "property"
            fields.append((rest[1], types[rest[0]]))
    assert list(counts) in (["vertex"], ["vertex", "face"])
    vertices = np.frombuffer(body, fields, counts["vertex"])
    rest = body[vertices.nbytes :]
    if "face" not in counts:
        assert rest == b""
        return comments, vertices, None
    faces = np.frombuffer(rest, [("count", "u1"), ("vertices", "<i4", 3)])
    assert len(faces) == counts["face"]
    assert (faces["count"] == 3).all()
    return comments, vertices, faces["vertices"]
