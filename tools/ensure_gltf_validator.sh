#!/bin/sh
# Prints the folder of the Khronos glTF validator for the tests, and fetches it where there
# is none: the npm package gltf-validator (Apache-2.0), one JavaScript file for Node.js,
# which Playwright brings along. Everything else it has to say goes to stderr.
set -eu

version=2.0.0-dev.3.10
sha512=a1d278934b519065e20c69fbf320c183e7c16c022f0675f187747002d6b47a64b11adc9a80513c078c442c1d6861edd2e510fc0a2dee640b1969ab1c1f62c011

venv=$(cd "$(dirname "$0")/.." && pwd)/.venv
home=$venv/share/gltf-validator
ready=$home/$version
archive=gltf-validator-$version.tgz

if [ -e "$ready/index.js" ]; then
    echo "$ready"
    exit 0
fi

# npm knows the registry and the proxy of its user; without npm it is npm's own address.
fetch() {
    if command -v npm >/dev/null; then
        npm pack --silent --fetch-retries=1 --fetch-retry-mintimeout=2000 \
            --pack-destination "$1" "gltf-validator@$version" >/dev/null && return 0
    fi
    "$venv/bin/python" -c '
import sys, urllib.request
try:
    data = urllib.request.urlopen(sys.argv[1], timeout=60).read()
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
open(sys.argv[2], "wb").write(data)' \
        "https://registry.npmjs.org/gltf-validator/-/$archive" "$1/$archive"
}

is_the_pinned_one() {
    "$venv/bin/python" -c '
import hashlib, sys
sys.exit(hashlib.sha512(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2])' "$1" "$sha512"
}

echo "Fetching the glTF validator $version ..." >&2
mkdir -p "$home"
work=$(mktemp -d "$home/.fetching-XXXXXX")
trap 'rm -rf "$work"' EXIT
if ! fetch "$work" >&2; then
    echo "The glTF validator cannot be fetched: its test will be skipped." >&2
    exit 1
fi
if ! is_the_pinned_one "$work/$archive"; then
    echo "The glTF validator that came is another than the pinned $version: not used." >&2
    exit 1
fi
tar -xzf "$work/$archive" -C "$work"
rm -rf "$ready"
mv "$work/package" "$ready"
echo "$ready"
