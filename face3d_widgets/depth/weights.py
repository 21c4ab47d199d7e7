"""The official weights of the MiDaS networks: found, fetched once, verified, read safely.

Nothing here runs what is in a file: `read_checkpoint` takes tensors and no code.
A file is looked for where people have it already (`find_weights`) before it is
fetched (`fetch_weights`); its SHA-256 is written beside it on first use, and
`verify` holds every later use to that.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import pickletools
import re
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from face3d_widgets.depth.cache import user_cache
from face3d_widgets.depth.zoo import DEFAULT_MODEL, ModelError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "CHECKPOINTS",
    "RELEASES",
    "Checkpoint",
    "FetchCancelled",
    "WeightsError",
    "cache_folder",
    "checkpoint_info",
    "fetch_weights",
    "find_weights",
    "read_checkpoint",
    "verify",
]

#: Where the authors of MiDaS publish their weights.
RELEASES = "https://github.com/isl-org/MiDaS/releases/download"

_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how PyTorch began its files before 1.6
_WRAPPERS = ("model", "state_dict", "model_state_dict")
_READY = f"meanwhile {DEFAULT_MODEL} is ready without any download"


class WeightsError(ModelError):
    """Weights cannot be had or used; the text is one sentence for the person."""


class FetchCancelled(WeightsError):
    """The person stopped a download; what came so far is kept."""


@dataclass(frozen=True)
class Checkpoint:
    """One file of official weights.

    Attributes
    ----------
    name : str
        The network, as in `MODELS`.
    release : str
        The release of MiDaS that holds the file.
    size : int
        Bytes; exact where `sha256` is known, else to a thousandth.
    sha256 : str or None
        Of the file, in hexadecimal, where it is known.
    older : tuple of str
        Names that the same file had before; they carry the first digits of its SHA-256.
    """

    name: str
    release: str
    size: int
    sha256: str | None = None
    older: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.pt"

    @property
    def files(self) -> tuple[str, ...]:
        """Every name that the file is known by, today's first."""
        return self.file, *self.older

    @property
    def url(self) -> str:
        """The official address."""
        return f"{RELEASES}/{self.release}/{self.file}"


# Exact sizes and sums are those of the published files; the others follow from the tensors.
CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {
        checkpoint.name: checkpoint
        for checkpoint in [
            Checkpoint(
                "midas_v21_small_256",
                "v2_1",
                85_761_505,
                "70d6b9c891758c67f974a6097fb0c608c7ee67fb81ac3e5588847d5596d56fca",
                ("midas_v21_small-70d6b9c8.pt", "model-small-70d6b9c8.pt"),
            ),
            Checkpoint(
                "midas_v21_384",
                "v2_1",
                422_509_849,
                "f6b980704cfd7259c7cc2b058c2f160159c55e84b3b6c08331b4156a84629f70",
                ("midas_v21-f6b98070.pt", "model-f6b98070.pt"),
            ),
            Checkpoint(
                "dpt_large_384",
                "v3",
                1_376_378_527,
                "2f21e586477d90cb9624c7eef5df7891edca49a1c4795ee2cb631fd4daa6ca69",
                ("dpt_large-midas-2f21e586.pt",),
            ),
            Checkpoint(
                "dpt_hybrid_384",
                "v3",
                492_757_791,
                "501f0c75b3bca7daec6b3682c5054c09b366765aef6fa3a09d03a5cb4b230853",
                ("dpt_hybrid-midas-501f0c75.pt",),
            ),
            Checkpoint("dpt_beit_large_512", "v3_1", 1_582_000_000),
            Checkpoint("dpt_beit_large_384", "v3_1", 1_441_500_000),
            Checkpoint("dpt_beit_base_384", "v3_1", 478_200_000),
            Checkpoint("dpt_swin2_large_384", "v3_1", 880_400_000),
            Checkpoint("dpt_swin2_base_384", "v3_1", 436_300_000),
            Checkpoint("dpt_swin2_tiny_256", "v3_1", 172_200_000),
            Checkpoint("dpt_swin_large_384", "v3_1", 867_500_000),
            Checkpoint("dpt_levit_224", "v3_1", 204_500_000),
        ]
    }
)


def checkpoint_info(name: str) -> Checkpoint:
    """What is known of a network's weights.

    Raises
    ------
    WeightsError
        When no weights of that name are published.
    """
    try:
        return CHECKPOINTS[name]
    except KeyError:
        known = ", ".join(CHECKPOINTS)
        raise WeightsError(
            f"There are no weights to fetch for {name!r}; choose one of: {known}."
        ) from None


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
        if named.is_file() and _owner(named) in (checkpoint, None):
            return named
        if found := _in_folder(checkpoint, named):
            return found
    return _in_folder(checkpoint, cache_folder()) or _in_folder(checkpoint, _hub_folder())


def _given(checkpoint: Checkpoint, path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise WeightsError(f"There is no file {path}; check the name and the folder.")
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


def _owner(path: Path) -> Checkpoint | None:
    """The checkpoint that a file is by its name."""
    return next((c for c in CHECKPOINTS.values() if path.name in c.files), None)


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

    kind = _kind(part)
    if kind == "page":
        raise DownloadError(web_page(urlsplit(url).hostname or url))
    digest = _sha256(part)
    if checkpoint.sha256 is None:
        whole = kind == "legacy" or (kind == "zip" and _is_sound_zip(part))
        wrong = None if whole else "is damaged or no file of PyTorch"
    else:
        same = digest == checkpoint.sha256
        begins = f"its SHA-256 begins with {digest[:8]}, not {checkpoint.sha256[:8]}"
        wrong = None if same else f"is not the official file ({begins})"
    if wrong is not None:
        raise DownloadError(f"what came {wrong} and was deleted; try again")
    return digest


def _is_sound_zip(path: Path) -> bool:
    """Read it all, and compare the check sums inside."""
    with suppress(zipfile.BadZipFile, NotImplementedError, EOFError), zipfile.ZipFile(path) as file:
        return file.testzip() is None
    return False


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
        raise _unreadable(path, error) from error
    owner = _owner(path)
    if owner is not None and path.name in owner.older and digest != owner.sha256:
        raise WeightsError(
            f"{path} is not the file that its name says (its SHA-256 begins with {digest[:8]}); "
            f"{_get_again(path)}."
        )
    recorded = _recorded(path)
    if recorded is None:
        _record(path, digest)
    elif recorded != digest:
        raise WeightsError(
            f"{path} is not the file that was used before (its SHA-256 begins with {digest[:8]}, "
            f"not {recorded[:8]}); delete {_record_of(path).name} beside it if you replaced it "
            f"yourself, else {_get_again(path)}."
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
    record = _record_of(path)
    fresh = record.with_name(f"{record.name}.{os.getpid()}-{threading.get_ident()}")
    with suppress(OSError):
        text = {"file": path.name, "size": path.stat().st_size, "sha256": digest}
        fresh.write_text(json.dumps(text, indent=1) + "\n", "utf-8")
        os.replace(fresh, record)


# --- read --------------------------------------------------------------------------------------


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name; whatever else it holds is not run.

    Where the file allows it, the tensors are mapped from the disk rather than
    copied into memory; they become copies in the network that takes them.

    Parameters
    ----------
    path : path
        A file of PyTorch, old or new. The tensors may lie under "model" or
        "state_dict", as they do beside an optimizer's.

    Raises
    ------
    WeightsError
        When the file is missing, cut short, a web page, no checkpoint, or holds
        more than tensors.
    """
    path = Path(path)
    try:
        kind = _kind(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if kind in _NOT_WEIGHTS:
        raise WeightsError(f"{path} {_NOT_WEIGHTS[kind]}; {_get_again(path)}.")
    if kind == "zip":
        _check_archive(path)
    try:
        import torch
    except ImportError as error:
        raise WeightsError(
            f"PyTorch does not load ({error}); install it with: pip install torch."
        ) from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=kind == "zip")
    except (EOFError, struct.error, IndexError) as error:
        raise WeightsError(_cut_short(path)) from error
    except MemoryError as error:
        raise _no_memory(path) from error
    except pickle.UnpicklingError as error:
        if kind == "legacy" and not _has_whole_header(path):
            raise WeightsError(_cut_short(path)) from error
        wanted = re.search(r"(?:GLOBAL|class) (\S+)", str(error))
        raise WeightsError(_more(path, wanted[1]) if wanted else _damaged(path)) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except Exception as error:  # a broken file breaks the reader in many ways
        text = str(error)
        if kind == "legacy" and re.search("EOF|truncated|ran out|corrupt", text, re.IGNORECASE):
            raise WeightsError(_cut_short(path)) from error
        if re.search("allocate memory|out of memory|Cannot allocate", text):
            raise _no_memory(path) from error
        raise WeightsError(_damaged(path)) from error
    return _tensors(path, content)


_NOT_WEIGHTS = {
    "empty": "is empty",
    "page": "is a web page, not weights: a link was saved instead of the file",
    "text": "is a text file, not weights",
    "other": "is no checkpoint of PyTorch",
}


def _kind(path: Path) -> str:
    """What a file is by its first bytes: zip, legacy, or one of `_NOT_WEIGHTS`."""
    with path.open("rb") as file:
        head = file.read(512)
    for start, kind in ((b"PK\x03\x04", "zip"), (_LEGACY, "legacy")):
        if head and (head.startswith(start) or start.startswith(head)):
            return kind
    if not head.strip(b"\0"):
        return "empty"
    if re.match(rb"(\xef\xbb\xbf)?\s*<[!?a-z]", head, re.IGNORECASE):
        return "page"
    return "text" if re.fullmatch(rb"[\t\r\n -~]+", head) else "other"


def _check_archive(path: Path) -> None:
    """Refuse an archive that lost its end, where its contents are listed, or is none of PyTorch."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except zipfile.BadZipFile as error:
        raise WeightsError(_cut_short(path)) from error
    inside = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inside:
        raise WeightsError(
            f"{path} is a TorchScript program, not weights; "
            "save the network's state_dict() and choose that."
        )
    if "data.pkl" not in inside:
        raise WeightsError(
            f"{path} is a ZIP archive or an Office document, not weights; {_get_again(path)}."
        )


def _has_whole_header(path: Path) -> bool:
    """Whether the five pickles before the numbers of a legacy file end; none of them is run."""
    with suppress(ValueError), path.open("rb") as file:
        for _ in range(5):
            for _ in pickletools.genops(file):
                pass
        return True
    return False


def _tensors(path: Path, content: Any) -> dict[str, Tensor]:
    from torch import Tensor

    while isinstance(content, Mapping):
        inner = next((content[k] for k in _WRAPPERS if isinstance(content.get(k), Mapping)), None)
        if inner is None:
            break
        content = inner
    pairs = content.items() if isinstance(content, Mapping) else ()
    tensors = {k: v for k, v in pairs if isinstance(k, str) and isinstance(v, Tensor)}
    if not tensors:
        raise WeightsError(
            f"{path} is a file of PyTorch but holds no network's weights; {_get_again(path)}."
        )
    return tensors


def _get_again(path: Path) -> str:
    """What to do about a file that is no good."""
    owner = _owner(path)
    if owner is None:
        return "choose the official file, or save the network's state_dict() and choose that"
    return f"delete it and run: face3d fetch {owner.name}"


def _cut_short(path: Path) -> str:
    from face3d_widgets.depth.download import megabytes

    size, owner = path.stat().st_size, _owner(path)
    of = f" of about {megabytes(owner.size)}" if owner and size < owner.size else ""
    again = _get_again(path) if owner else "copy or download it again"
    return f"{path} is cut short, as by a broken download ({megabytes(size)}{of}); {again}."


def _damaged(path: Path) -> str:
    return f"{path} is damaged or no checkpoint of PyTorch; {_get_again(path)}."


def _more(path: Path, wanted: str) -> str:
    return (
        f"{path} holds more than weights (it asks Python for {wanted}) and was not opened, "
        f"for such a file can run programs; {_get_again(path)}."
    )


def _no_memory(path: Path) -> WeightsError:
    return WeightsError(
        f"There is not enough memory to read {path}; close other programs, "
        f"or choose a smaller model; {DEFAULT_MODEL} always fits."
    )


def _unreadable(path: Path, error: OSError) -> WeightsError:
    if isinstance(error, FileNotFoundError):
        return WeightsError(f"There is no file {path}; check the name and the folder.")
    if path.is_dir():
        return WeightsError(f"{path} is a folder; choose the file of weights inside it.")
    return WeightsError(
        f"{path} cannot be read ({error.strerror or error}); check its permissions."
    )
