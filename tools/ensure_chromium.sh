#!/bin/sh
# Prints the path of a Chromium or Chrome for the browser tests, and installs one
# where there is none. Everything else it has to say goes to stderr.
set -eu

python=$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/python

# A name counts only if the program starts: on Ubuntu "chromium-browser" may be a
# script which merely says that the real one is not installed.
first_that_starts() {
    for name in "$@"; do
        path=$(command -v "${name:-no-such-browser}") || continue
        if "$path" --version >/dev/null 2>&1; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

# Where Playwright keeps its own, whether or not it has been downloaded.
playwright_chromium() {
    "$python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)' 2>/dev/null || true
}

find_browser() {
    first_that_starts "${FACE3D_CHROMIUM:-}" chromium chromium-browser google-chrome \
        google-chrome-stable || first_that_starts "$(playwright_chromium)"
}

install_browser() {
    if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
        echo "No browser found: installing Debian's Chromium ..." >&2
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } \
            </dev/null >&2 && find_browser && return 0
    fi
    echo "No browser found: asking Playwright for its Chromium ..." >&2
    "$python" -m playwright install chromium </dev/null >&2 && find_browser
}

find_browser || install_browser || {
    echo "No browser for the tests: install Chromium or Google Chrome (Debian:" \
        "apt-get install chromium), or set FACE3D_CHROMIUM to the path of one." >&2
    exit 1
}
