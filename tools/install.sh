#!/bin/sh
# Installs a file of pinned requirements:  tools/install.sh PYTHON REQUIREMENTS
#
# torch goes first, in a call of its own, so that no other package can choose a
# different build of it. On Linux, PyPI's torch brings several gigabytes of CUDA
# libraries; without an NVIDIA driver they are of no use, and PyTorch's own index
# has a build without them. Where that index does not answer, pip looks only where
# it always does: your PIP_* variables and pip.conf hold either way.
set -eu

python=$1
wanted=$2
cpu_index=https://download.pytorch.org/whl/cpu

# Is there an answer within three seconds, name look-up included?
answers() {
    "$python" - "$1" <<'PY' 2>/dev/null
import os, signal, ssl, sys, urllib.request

signal.alarm(3)
trusted = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
urllib.request.urlopen(sys.argv[1] + "/", timeout=3, context=trusted)
PY
}

pip_install() {
    # A log needs no progress bars: only warnings and errors.
    if [ -t 1 ]; then
        "$python" -m pip install --disable-pip-version-check "$@"
    else
        "$python" -m pip install --disable-pip-version-check --quiet "$@"
    fi
}

# The pin of torch stands in the file itself, or in the run.txt that it includes.
for pins in "$wanted" "$(dirname "$wanted")/run.txt"; do
    torch=$(sed -n 's/^\(torch==[^ ;#]*\).*/\1/p' "$pins" | head -n 1)
    [ -z "$torch" ] || break
done
if [ -z "$torch" ]; then
    echo "$wanted pins no torch (a line such as torch==2.13.0)." >&2
    exit 1
fi

has_torch() {
    "$python" - "${torch#torch==}" <<'PY' 2>/dev/null
import sys
from importlib.metadata import version

sys.exit(version("torch").partition("+")[0] != sys.argv[1])
PY
}

if ! has_torch; then
    set --
    if [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then
        if answers "$cpu_index"; then
            set -- --extra-index-url "$cpu_index"
        else
            echo "$cpu_index does not answer; pip takes torch from where it usually looks." >&2
        fi
    fi
    echo "Installing $torch ..."
    pip_install "$@" --constraint "$pins" "$torch"
fi

echo "Installing $wanted ..."
pip_install --requirement "$wanted"
