#!/bin/sh
# Installs the system's Chromium for the tests of the page, where there is none and packages may be installed; says what
# is missing where they may not, and fails for neither.
set -u

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    timeout 60 apt-get update </dev/null >/dev/null 2>&1
    timeout 300 apt-get install --yes --no-install-recommends chromium </dev/null >/dev/null 2>&1
fi
if ! command -v chromium >/dev/null; then
    what="is skipped"
    [ "${BROWSER_TESTS:-}" = required ] && what="fails"
    echo "Chromium is missing and could not be installed: what tests the page in it $what; it is in the Debian package chromium"
fi
exit 0
