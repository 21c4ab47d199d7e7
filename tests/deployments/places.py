"""Other people's programs in front of ours, started for a test: certificates, ports, patience."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

_PATIENCE = 90  # seconds


def needed(*programs):
    """Their paths; the test is skipped where one of them is not installed."""
    paths = [shutil.which(program) for program in programs]
    for program, path in zip(programs, paths, strict=True):
        if path is None:
            pytest.skip(f"{program} is not installed")
    return paths


def certificate(folder):
    """(key, certificate): files that no browser trusts."""
    needed("openssl")
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return key, made


@contextmanager
def started(command, log, **options):
    """A program that runs as long as the block; its output goes to the file `log`."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for_port(port, process, log):
    """Wait until somebody listens."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"nobody listens:\n{log.read_text()[-3000:]}")
