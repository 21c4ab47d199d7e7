"""The official weights of the MiDaS networks: found, fetched once, and verified.

A file is looked for where people have it already (`find_weights`) before it is
fetched (`fetch_weights`); its SHA-256 is written beside it on first use, and
`verify` holds every later use to that.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from face3d_widgets.depth.cache import user_cache
from face3d_widgets.depth.registry import DEFAULT_MODEL, RELEASES
from face3d_widgets.depth.releases import (
    Checkpoint,
    WeightsError,
    checkpoint_info,
    get_again,
    owner,
)
from face3d_widgets.depth.weights_file import is_sound_zip, kind_of, unreadable
from face3d_widgets.whole_file import write_whole

__all__ = [
    "FetchCancelled",
    "cache_folder",
    "fetch_weights",
    "find_weights",
    "verify",
]

_READY = f"meanwhile {DEFAULT_MODEL} is ready without any download"


class FetchCancelled(WeightsError):
    """The person stopped a download; what came so far is kept."""


# --- find --------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """The folder where the program keeps fetched weights."""
    return user_cache() / "weights"


def find_weights(name: str, path: str | os.PathLike[str] | None = None) -> Path | None:
    """Look for a network's weights on this computer.

    In this order: `path`; the environment variable ``FACE3D_WEIGHTS``; the
    program's cache folder; PyTorch Hub's folder of checkpoints. Each may hold the
    file under any of its official names.

    Parameters
    ----------
    name : str
        The network.
    path : path, optional
        A file of whatever name, or a folder. Nothing else is looked at then.

    Returns
    -------
    Path or None
        None when nothing is there and the weights must be fetched.

    Raises
    ------
    WeightsError
        When `path` holds no such weights, or ``FACE3D_WEIGHTS`` names nothing at all.

    Notes
    -----
    ``FACE3D_WEIGHTS`` stands for every network: a folder may hold some of them, and
    a file that bears the official name of another network is passed over.
    """
    checkpoint = checkpoint_info(name)
    if path is not None:
        return _given(checkpoint, Path(path).expanduser())
    if setting := os.environ.get("FACE3D_WEIGHTS"):
        named = Path(setting).expanduser()
        if not named.exists():
            raise WeightsError(
                f"FACE3D_WEIGHTS names {named}, which is not there; "
                "set it to a file or a folder of weights, or unset it."
            )
        if named.is_file() and owner(named) in (checkpoint, None):
            return named
        if found := _in_folder(checkpoint, named):
            return found
    return _in_folder(checkpoint, cache_folder()) or _in_folder(checkpoint, _hub_folder())


def _given(checkpoint: Checkpoint, path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise unreadable(path, FileNotFoundError())
    found = _in_folder(checkpoint, path)
    if found is None:
        names = " or ".join(checkpoint.files)
        raise WeightsError(
            f"The folder {path} holds no {names}; put the file there, or name it itself."
        )
    return found


def _in_folder(checkpoint: Checkpoint, folder: Path) -> Path | None:
    with suppress(OSError):  # a folder that may not be read holds nothing
        return next((p for file in checkpoint.files if (p := folder / file).is_file()), None)
    return None


def _hub_folder() -> Path:
    """PyTorch Hub's checkpoints, by PyTorch's own rules."""
    home = os.environ.get("TORCH_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or "~/.cache", "torch"
    )
    return Path(home).expanduser() / "hub" / "checkpoints"


# --- fetch -------------------------------------------------------------------------------------


def fetch_weights(
    name: str,
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    timeout: float = 20.0,
    base_url: str | None = None,
) -> Path:
    """The weights in the program's cache folder, downloaded where they are not there yet.

    A download that was cut or stopped goes on where it ended. Where two programs
    fetch the same weights at once, one downloads and the other waits for it.

    Parameters
    ----------
    name : str
        The network.
    progress : callable, optional
        Called with the bytes that are here and the bytes of the whole (or None),
        in this thread, some ten times a second.
    cancelled : callable, optional
        Asked with every piece, and at the latest after `timeout`; True stops.
    timeout : float
        Seconds of silence to put up with.
    base_url : str, optional
        The address before ``/RELEASE/NAME.pt``, for a copy nearer by; else the
        environment variable ``FACE3D_WEIGHTS_URL``; else the official one.

    Raises
    ------
    FetchCancelled
        When `cancelled` said so.
    WeightsError
        When the weights could not be had.
    """
    from face3d_widgets.depth import download as http

    checkpoint = checkpoint_info(name)
    folder = cache_folder()
    if found := _in_folder(checkpoint, folder):
        return found
    base_url = base_url or os.environ.get("FACE3D_WEIGHTS_URL") or RELEASES
    url = f"{base_url.rstrip('/')}/{checkpoint.release}/{checkpoint.file}"
    by_hand = f"put {checkpoint.file} ({http.megabytes(checkpoint.size)}, from {url}) into {folder}"
    if os.environ.get("FACE3D_OFFLINE", "").lower() not in ("", "0", "false", "no", "off"):
        raise WeightsError(
            f"The weights of {name} are not on this computer, and FACE3D_OFFLINE forbids "
            f"to download them; unset it, or {by_hand}; {_READY}."
        )
    target = folder / checkpoint.file
    digests = []

    def wait() -> None:
        if cancelled is not None and cancelled():
            raise http.DownloadCancelled
        if progress is not None:
            with suppress(OSError):
                progress(http.part_of(target).stat().st_size, checkpoint.size)

    try:
        with _alone(target, wait):
            if not target.is_file():  # it may have come while we waited
                http.download(
                    url,
                    target,
                    lambda part: digests.append(_check_fetched(checkpoint, part, url)),
                    size=checkpoint.size,
                    at_most=checkpoint.at_most,
                    progress=progress,
                    cancelled=cancelled,
                    timeout=timeout,
                )
                _record(target, digests[-1])
    except http.DownloadCancelled as error:
        raise FetchCancelled(
            f"The download of {name} was stopped; what came so far is kept, "
            "and the next download goes on from there."
        ) from error
    except http.DiskError as error:
        raise WeightsError(f"The weights of {name} were not fetched: {error}; {_READY}.") from error
    except http.DownloadError as error:
        raise WeightsError(
            f"The weights of {name} were not fetched: {error}, or {by_hand}; {_READY}."
        ) from error
    return target


@contextmanager
def _alone(target: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Keep every other thread and program from fetching the same file.

    The system itself frees the lock of a program that dies, so none is ever stale.
    """
    from filelock import FileLock, Timeout

    from face3d_widgets.depth.download import DiskError

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(target.name + ".lock"))
        while True:
            try:
                lock.acquire(timeout=0.2)
                break
            except Timeout:
                wait()
    except OSError as error:
        raise DiskError(
            f"{target.parent} cannot be written ({error.strerror or error}); check its permissions"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _check_fetched(checkpoint: Checkpoint, part: Path, url: str) -> str:
    """The SHA-256 of a file that came, if it is what it should be."""
    from urllib.parse import urlsplit

    from face3d_widgets.depth.download import DownloadError, web_page

    kind = kind_of(part)
    if kind == "page":
        raise DownloadError(web_page(urlsplit(url).hostname or url))
    digest = _sha256(part)
    if checkpoint.sha256 is None:
        whole = kind == "legacy" or (kind == "zip" and is_sound_zip(part))
        wrong = None if whole else "is damaged or no file of PyTorch"
    else:
        same = digest == checkpoint.sha256
        begins = f"its SHA-256 begins with {digest[:8]}, not {checkpoint.sha256[:8]}"
        wrong = None if same else f"is not the official file ({begins})"
    if wrong is not None:
        raise DownloadError(f"what came {wrong} and was deleted; try again")
    return digest


# --- verify ------------------------------------------------------------------------------------


def verify(path: str | os.PathLike[str]) -> str:
    """Hold a file to its older official name, and to what it was when first used.

    The first time, the SHA-256 is recorded in ``NAME.json`` beside the file, where
    that folder can be written.

    Returns
    -------
    str
        The SHA-256 in hexadecimal; it names these weights in caches.

    Raises
    ------
    WeightsError
        When the file is not what its name or its record says.
    """
    path = Path(path)
    try:
        digest = _sha256(path)
    except OSError as error:
        raise unreadable(path, error) from error
    official = owner(path)
    if official is not None and path.name in official.older and digest != official.sha256:
        raise WeightsError(
            f"{path} is not the file that its name says (its SHA-256 begins with {digest[:8]}); "
            f"{get_again(path)}."
        )
    recorded = _recorded(path)
    if recorded is None:
        _record(path, digest)
    elif recorded != digest:
        raise WeightsError(
            f"{path} is not the file that was used before (its SHA-256 begins with {digest[:8]}, "
            f"not {recorded[:8]}); delete {_record_of(path).name} beside it if you replaced it "
            f"yourself, else {get_again(path)}."
        )
    return digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _recorded(path: Path) -> str | None:
    """The SHA-256 on record; None where there is no record or it makes no sense."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        digest = json.loads(_record_of(path).read_text("utf-8"))["sha256"]
        if re.fullmatch("[0-9a-f]{64}", digest):
            return digest
    return None


def _record(path: Path, digest: str) -> None:
    """Write the SHA-256 beside the file, at once and whole; not where the folder is read-only."""
    with suppress(OSError):
        text = {"file": path.name, "size": path.stat().st_size, "sha256": digest}
        write_whole(_record_of(path), (json.dumps(text, indent=1) + "\n").encode())
