#!/bin/sh
# A Jupyter kernel that is started with transport "ipc" still listens on TCP.
#
# Versions: ipykernel 7.4.0, jupyter_client 8.10.0, pyzmq 27.3.0, psutil 7.2.2; CPython 3.11, Linux.
# Expected: its five sockets are files, so nothing of it listens on the network.
# Seen:     one listener on 127.0.0.1 remains. The thread that sends a kernel's output binds a
#           socket for the output of forked processes, and always on TCP, whatever the transport.
#           It is opened by IOPubThread; no setting turns it off.
# Output seen:
#   transport: ipc
#   sockets that are files: 5
#   TCP listeners: 1, on 127.0.0.1
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    ipykernel==7.4.0 jupyter_client==8.10.0 pyzmq==27.3.0 psutil==7.2.2

IPYTHONDIR="$folder/ipython" JUPYTER_RUNTIME_DIR="$folder/run" "$folder/venv/bin/python" - <<'PY'
import glob
import json
import sys

import psutil
from jupyter_client.manager import KernelManager

manager = KernelManager(transport="ipc")
manager.start_kernel()
client = manager.client()
client.start_channels()
try:
    client.wait_for_ready(timeout=120)
    with open(manager.connection_file) as file:
        transport = json.load(file)["transport"]
    files = len(glob.glob(f"{manager.ip}-*"))
    process = psutil.Process(manager.provisioner.pid)
    listeners = [c for c in process.net_connections("inet") if c.status == "LISTEN"]
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
hosts = sorted({listener.laddr.ip for listener in listeners})
print(f"transport: {transport}")
print(f"sockets that are files: {files}")
print(f"TCP listeners: {len(listeners)}, on {', '.join(hosts)}")
as_told = transport == "ipc" and files == 5 and len(listeners) == 1 and hosts == ["127.0.0.1"]
sys.exit(0 if as_told else "this has changed")
PY
