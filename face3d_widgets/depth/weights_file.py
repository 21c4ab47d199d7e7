"""Read a file of weights: tensors are taken out of it, and nothing in it is run."""

from __future__ import annotations

import os
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from face3d_widgets.depth.registry import DEFAULT_MODEL
from face3d_widgets.depth.releases import WeightsError, get_again, owner

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["is_sound_zip", "kind_of", "read_checkpoint", "unreadable"]

_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how PyTorch began its files before 1.6
_WRAPPERS = ("model", "state_dict", "model_state_dict")


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
        kind = kind_of(path)
    except OSError as error:
        raise unreadable(path, error) from error
    if kind in _NOT_WEIGHTS:
        raise WeightsError(f"{path} {_NOT_WEIGHTS[kind]}; {get_again(path)}.")
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
        raise unreadable(path, error) from error
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


def kind_of(path: Path) -> str:
    """The kind of a file by its first bytes: zip, legacy, or one of `_NOT_WEIGHTS`."""
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
            f"{path} is a ZIP archive or an Office document, not weights; {get_again(path)}."
        )


def _has_whole_header(path: Path) -> bool:
    """Tell whether the five pickles before a legacy file's numbers end; none of them is run."""
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
            f"{path} is a file of PyTorch but holds no network's weights; {get_again(path)}."
        )
    return tensors


def is_sound_zip(path: Path) -> bool:
    """Read it all, and compare the check sums inside."""
    with suppress(zipfile.BadZipFile, NotImplementedError, EOFError), zipfile.ZipFile(path) as file:
        return file.testzip() is None
    return False


def _cut_short(path: Path) -> str:
    from face3d_widgets.depth.download import megabytes

    size, official = path.stat().st_size, owner(path)
    of = f" of about {megabytes(official.size)}" if official and size < official.size else ""
    again = get_again(path) if official else "copy or download it again"
    return f"{path} is cut short, as by a broken download ({megabytes(size)}{of}); {again}."


def _damaged(path: Path) -> str:
    return f"{path} is damaged or no checkpoint of PyTorch; {get_again(path)}."


def _more(path: Path, wanted: str) -> str:
    return (
        f"{path} holds more than weights (it asks Python for {wanted}) and was not opened, "
        f"for such a file can run programs; {get_again(path)}."
    )


def _no_memory(path: Path) -> WeightsError:
    return WeightsError(
        f"There is not enough memory to read {path}; close other programs, "
        f"or choose a smaller model; {DEFAULT_MODEL} always fits."
    )


def unreadable(path: Path, error: OSError) -> WeightsError:
    """The sentence for a file that does not open."""
    if isinstance(error, FileNotFoundError):
        return WeightsError(f"There is no file {path}; check the name and the folder.")
    if path.is_dir():
        return WeightsError(f"{path} is a folder; choose the file of weights inside it.")
    return WeightsError(
        f"{path} cannot be read ({error.strerror or error}); check its permissions."
    )
