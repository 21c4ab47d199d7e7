"""Print the font of markers.js in Base64: two letters, in a file of 680 bytes.

Needs fontTools, which nothing else here does (``pip install fonttools``). Plotly
turns the letters into shapes at 64 pixels to the em; edges lie between two of them.
"""

import base64
import io
import math

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

EM = 1024
PIXEL = EM // 64
# As large as in Times New Roman and in Liberation Serif.
SQUARE, DISC = 31 * PIXEL, 27.5 * PIXEL
LEFT = 4 * PIXEL
ADVANCE = 40 * PIXEL
ARCS = 8


def square():
    """Return a square that stands on the line."""
    pen = TTGlyphPen(None)
    corners = [(0, 0), (0, SQUARE), (SQUARE, SQUARE), (SQUARE, 0)]
    pen.moveTo((LEFT, 0))
    for x, y in corners[1:]:
        pen.lineTo((LEFT + x, y))
    pen.closePath()
    return pen.glyph()


def disc():
    """Return a disc that stands on the line, of arcs of a parabola."""
    radius = DISC / 2
    # Where the tangents at both ends of an arc meet.
    outside = radius / math.cos(math.pi / ARCS)

    def at(turn, distance):
        angle = -2 * math.pi * turn / ARCS
        x, y = distance * math.cos(angle), distance * math.sin(angle)
        return round(LEFT + radius + x), round(radius + y)

    pen = TTGlyphPen(None)
    pen.moveTo(at(0, radius))
    for arc in range(ARCS):
        pen.qCurveTo(at(arc + 0.5, outside), at(arc + 1, radius))
    pen.closePath()
    return pen.glyph()


def font():
    """Return the TrueType file."""
    glyphs = {".notdef": TTGlyphPen(None).glyph(), "square": square(), "circle": disc()}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder([*glyphs])
    builder.setupCharacterMap({0x25A0: "square", 0x25CF: "circle"})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (ADVANCE, LEFT) for name in glyphs})
    builder.setupHorizontalHeader(ascent=EM, descent=-EM // 4)
    builder.setupNameTable({"familyName": "normal", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost(keepGlyphNames=False)
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


if __name__ == "__main__":
    print(base64.b64encode(font()).decode())
