"""What the dashboard is measured against: Voila as it comes, with one figure."""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat

_CELL = """
import numpy as np, plotly.graph_objects as go, ipywidgets
x, y, z = np.random.default_rng(0).random((3, 30_000)).astype("f4")
ipywidgets.VBox([ipywidgets.FloatSlider(), go.FigureWidget([go.Scatter3d(x=x, y=y, z=z)])])
"""


@contextmanager
def plain_voila():
    """The address of a plain Voila page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.ipynb"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_CELL)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, path)
        command = [sys.executable, "-m", "voila", "--no-browser", f"--port={port}", str(path)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                time.sleep(0.3)
                try:
                    urllib.request.urlopen(address + "voila/static/voila.js", timeout=2)
                    break
                except OSError:
                    continue
            yield address
        finally:
            process.terminate()
            process.wait(20)
