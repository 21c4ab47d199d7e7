"""The kernel of a page: ipykernel's, with nothing that listens on the network.

A kernel's own sockets are private files (`private_kernels`). One more is opened by every
ipykernel, on a TCP port of this machine, for the output of forked processes; pages do
without it. `ARGUMENTS` let ipykernel's launcher take this class.
"""

from __future__ import annotations

from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel

__all__ = ["PageKernel"]


class PageKernel(IPythonKernel):
    """A kernel that only its server can reach."""


class _IOPubThread(IOPubThread):
    """Sends what the kernel says, and hears nobody."""

    def _setup_pipe_in(self) -> None:
        self._pipe_flag = False


# The launcher reads which class to take before it makes its threads.
kernelapp.IOPubThread = _IOPubThread  # type: ignore[misc]
