"""The maker of a picture, in the places that its format has for that.

References
----------
W3C (2003). Portable Network Graphics, 11.3.4.3 (tEXt). https://www.w3.org/TR/PNG/#11tEXt
Google. WebP container specification.
https://developers.google.com/speed/webp/docs/riff_container
ISO 32000-1:2008, Portable Document Format, 14.3.3 (the information dictionary).
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path

from PIL import Image

from face3d_widgets import __version__

__all__ = ["MAKER", "is_own_picture", "png_chunk", "signed_pdf", "signed_png", "signed_webp"]

#: What stands in a file as its maker.
MAKER = f"face3d_widgets {__version__}"

_NAME = MAKER.partition(" ")[0]
# Signature, and the chunk IHDR: length, type, contents, checksum.
_PNG_HEADER = 8 + 4 + 4 + 13 + 4
_XMP, _ALPHA = 0x04, 0x10  # flags of a WebP
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{maker}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def is_own_picture(path: Path) -> bool:
    """Tell whether a file is a PNG, WebP or GIF that says that it was made here."""
    try:
        with Image.open(path, formats=("PNG", "WEBP", "GIF")) as picture:
            said = [picture.info.get(key, b"") for key in ("Software", "comment", "xmp")]
    except (OSError, ValueError, EOFError, Image.DecompressionBombError):
        return False
    return any(_NAME in (s if isinstance(s, str) else s.decode("latin-1")) for s in said)


def png_chunk(png: bytes, kind: bytes, contents: bytes) -> bytes:
    """A PNG with one more chunk, right after its header."""
    body = kind + contents
    chunk = struct.pack(">I", len(contents)) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_PNG_HEADER] + chunk + png[_PNG_HEADER:]


def signed_png(png: bytes) -> bytes:
    """A PNG that names its maker."""
    return png_chunk(png, b"tEXt", b"Software\0" + MAKER.encode("latin-1"))


def signed_webp(webp: bytes) -> bytes:
    """A WebP that names its maker, as XMP."""
    if webp[:4] + webp[8:12] != b"RIFFWEBP":
        return webp
    chunks = webp[12:]
    if chunks[:4] == b"VP8X":
        chunks = chunks[:8] + bytes([chunks[8] | _XMP]) + chunks[9:]
    else:
        with Image.open(io.BytesIO(webp)) as picture:
            flags = _XMP | (_ALPHA if picture.mode == "RGBA" else 0)
            sides = b"".join((side - 1).to_bytes(3, "little") for side in picture.size)
        chunks = _riff(b"VP8X", bytes([flags, 0, 0, 0]) + sides) + chunks
    chunks += _riff(b"XMP ", _PACKET.format(maker=MAKER).encode())
    return _riff(b"RIFF", b"WEBP" + chunks)


def signed_pdf(pdf: bytes, title: str) -> bytes:
    """A PDF with a title and a maker of ours, where the browser has put its own.

    The browser's information is longer than ours, so ours takes its place and no number
    of the file's index changes; a title that is too long for that is cut off.
    """
    place = re.search(rb"/Info (\d+) (\d+) R", pdf)
    info = place and re.search(
        rb"(?<=\n)%b %b obj\s*<<(.*?)>>\s*endobj" % (place[1], place[2]), pdf, re.DOTALL
    )
    if not info:
        return pdf
    room = len(info[1])
    kept = b"".join(
        b"/%b %b\n" % (key, value)
        for key, value in re.findall(rb"/(Producer|CreationDate) (\((?:\\.|[^\\)])*\))", info[1])
    )
    while True:
        ours = b"/Title %b\n/Creator %b\n%b" % (_pdf_text(title), _pdf_text(MAKER), kept)
        if len(ours) <= room:
            return pdf[: info.start(1)] + ours.ljust(room) + pdf[info.end(1) :]
        if not title:
            return pdf
        title = title[:-2] + "…" if len(title) > 1 else ""


def _riff(kind: bytes, contents: bytes) -> bytes:
    return kind + struct.pack("<I", len(contents)) + contents + bytes(len(contents) % 2)


def _pdf_text(text: str) -> bytes:
    """A string as PDF has it: ASCII, or UTF-16 with its mark, escaped."""
    data = text.encode() if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")
    return b"(%b)" % re.sub(rb"([\\()\r\n])", lambda at: b"\\%03o" % ord(at[1]), data)
