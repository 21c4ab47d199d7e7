"""One copy of a network for a whole process, whoever asks for it.

A notebook's cell that is run again makes a new estimator; it gets the network that the old
one had. The network used last stays when nobody has it any more, until another is loaded.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from face3d_widgets.depth.runtime import Runner

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "SharedNetwork",
    "forget_networks",
    "free_idle_network",
    "idle_networks",
    "leave_network",
    "share_network",
]


class SharedNetwork:
    """A network that is loaded, for several estimators; its memory goes with the last of them.

    Attributes
    ----------
    name : str
        Of the network.
    description : str
        Runtime, device and number type.
    users : WeakSet
        The estimators that have it.
    first_run : bool
        It has seen no picture yet.
    """

    def __init__(self, name: str, runner: Runner) -> None:
        self.name, self.description = name, runner.description
        self.users: weakref.WeakSet[object] = weakref.WeakSet()
        self.first_run = True
        self._runner = runner
        self._running = threading.Lock()
        weakref.finalize(self, runner.close).atexit = False

    def __call__(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """Raw inverse depth of (3, rows, columns) float32, and the seconds that it took."""
        with self._running:
            return self._runner(picture), self._runner.seconds


_loaded: weakref.WeakValueDictionary[Hashable, SharedNetwork] = weakref.WeakValueDictionary()
_loading = threading.RLock()
_last: SharedNetwork | None = None


def share_network(
    key: Hashable, user: object, name: str, load: Callable[[], Runner]
) -> SharedNetwork:
    """The network of that key, loaded where it is not yet; `user` has it from then on.

    Parameters
    ----------
    key : hashable
        All that decides what is loaded.
    user : object
        See `leave_network`.
    name : str
        The network's name.
    load : callable
        Gives a network ready to run; called only when it is not here.
    """
    global _last
    with _loading:  # who asks meanwhile gets the same
        network = _loaded.get(key)
        if network is None:
            network = _loaded[key] = SharedNetwork(name, load())
        network.users.add(user)
        _last = network
        return network


def leave_network(network: SharedNetwork, user: object) -> None:
    """Have a network no more; one that nobody has and nobody used since is freed."""
    global _last
    with _loading:
        network.users.discard(user)
        if _last is network and not network.users:
            _last = None


def idle_networks(user: object) -> list[str]:
    """Names of the networks that would be freed if `user` loaded another."""
    return [n.name for n in list(_loaded.values()) if not set(n.users) - {user}]


def free_idle_network() -> None:
    """Free the network used last, if nobody has it."""
    global _last
    with _loading:
        if _last is not None and not _last.users:
            _last = None


def forget_networks() -> None:
    """Share none of those loaded so far; who has one keeps it."""
    global _last
    with _loading:
        _loaded.clear()
        _last = None
