"""Kernels that nobody else on the machine can reach or replace.

Jupyter's kernels talk over TCP, unencrypted, where every account of the machine can listen in.
Those of our pages use sockets that are files, in a folder that only this account can open.
Where the system has none (Windows), they use TCP with encryption.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import RESOURCES
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets.config import Config

from face3d_widgets.passing_folder import passing_folder

__all__ = ["ARGUMENTS", "OwnKernelSpecs", "private_folder", "use_private_sockets"]

#: For ipykernel's launcher: our kernel, no file with what was run, and errors in one line.
ARGUMENTS = [
    "--IPKernelApp.kernel_class=face3d_widgets.server.page_kernel.PageKernel",
    "--HistoryManager.enabled=False",
    "--InteractiveShell.xmode=Minimal",
    "--InteractiveShell.colors=nocolor",
]

# A socket's path has at most 103 bytes on macOS and 107 on Linux.
_LONGEST_PATH = 103
_BELOW = len("/voila_12345678/kernel-12345678-1234-1234-1234-123456789012-ipc-99")


class OwnKernelSpecs(KernelSpecManager):
    """The Python that this server runs in, whatever kernels its user has installed."""

    def find_kernel_specs(self) -> dict[str, str]:
        """The one kernel and its folder."""
        return {NATIVE_KERNEL_NAME: RESOURCES}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The kernel of this Python.

        Raises
        ------
        jupyter_client.kernelspec.NoSuchKernel
            When another name is asked for.
        """
        resources = self.find_kernel_specs().get(kernel_name)
        if resources is None:
            return super().get_kernel_spec(kernel_name)
        return self._get_kernel_spec_by_name(kernel_name, resources)


def private_folder() -> Path:
    """A new folder for kernels' files that only this account can open, gone with this program.

    Its path is short enough for sockets beneath it, wherever temporary files should lie.
    """
    roots = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]
    for root in filter(None, roots):
        fits = len(os.fsencode(root)) + len("/f3d-12345678") + _BELOW <= _LONGEST_PATH
        if (fits or os.name == "nt") and os.access(root, os.W_OK):
            return passing_folder("f3d-", root)
    return passing_folder("f3d-")


def use_private_sockets(config: Config, kernels: Any = None) -> None:
    """Let kernels that start from now on use private sockets.

    Parameters
    ----------
    config : Config
        The server's; what its user has set himself stays.
    kernels : jupyter_server.services.kernels.kernelmanager.MappingKernelManager, optional
        Gets another folder where the sockets' paths would be too long in its own.
    """
    set_by_user = any("transport" in config[name] for name in _HOLDERS if name in config)
    if set_by_user:
        return
    if os.name == "nt":
        config.MappingKernelManager.transport_encryption = "auto"
        return
    config.ConnectionFileMixin.transport = "ipc"
    if kernels is not None:
        folder = kernels.connection_dir or jupyter_runtime_dir()
        below = _BELOW - len("/voila_12345678")
        if len(os.fsencode(folder)) + below > _LONGEST_PATH:
            kernels.connection_dir = str(private_folder())


# Where the kind of sockets can be set.
_HOLDERS = ("ConnectionFileMixin", "KernelManager", "AsyncKernelManager", "ServerKernelManager")
