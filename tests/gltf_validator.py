"""The Khronos glTF validator, where tools/ensure_gltf_validator.sh has put one."""

import json
import os
import shutil
import subprocess

import pytest

_SCRIPT = """
const {validateBytes} = require(process.argv[1]);
const data = new Uint8Array(require('fs').readFileSync(0));
validateBytes(data, {format: 'glb', maxIssues: 0})
  .then((report) => console.log(JSON.stringify(report)));
"""


def validate(glb: bytes) -> dict:
    """The validator's report; skips the test where there is no validator."""
    folder = os.environ.get("FACE3D_GLTF_VALIDATOR")
    if not folder:
        pytest.skip(
            "no glTF validator: set FACE3D_GLTF_VALIDATOR to what"
            " tools/ensure_gltf_validator.sh prints"
        )
    command = [_node(), "-e", _SCRIPT, folder]
    done = subprocess.run(command, input=glb, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def _node() -> str:
    """Node.js: the system's, or the one that Playwright runs on."""
    from playwright._impl._driver import compute_driver_executable

    return shutil.which("node") or compute_driver_executable()[0]
