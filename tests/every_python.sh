#!/bin/sh
# Runs the suite on each Python from 3.11 to 3.13 that this machine has, on PATH or under pyenv; stops at a failure. What
# is marked `once` runs on the first of them only, and without measuring coverage.
set -eu
ARGS="$*"

runs() {  # whether "$1" is a Python 3.$2
    "$1" -c "import sys; sys.exit(sys.version_info[:2] != (3, $2))" >/dev/null 2>&1
}

find_python() {  # prints a Python 3.$1, if there is one
    for candidate in "python3.$1" python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$1".*/bin/python; do
        if runs "$candidate" "$1"; then
            echo "$candidate"
            return
        fi
    done
}

run_target() {  # runs make's target "$1" with the tests that pytest's -m "$2" chooses; the rest are its variables
    target=$1 chosen=$2
    shift 2
    PYTEST_ADDOPTS="-m '$chosen'" "$MAKE" --no-print-directory "$target" "$@"
}

first=yes
for minor in 11 12 13; do
    python=$(find_python "$minor")
    if [ -z "$python" ]; then
        echo "Python 3.$minor: not installed, not tested"
        continue
    fi
    echo "Python 3.$minor: $python"
    set -- PYTHON="$python" VENV=".venv-3.$minor" ARGS="$ARGS"
    if [ -n "$ARGS" ]; then  # a part of the tests: it covers what it covers
        first=no
        "$MAKE" --no-print-directory test-here "$@"
    elif [ "$first" = yes ]; then
        first=no
        run_target test-covered "not once" "$@"
        run_target test-here once "$@"
    else
        run_target test-here "not once" "$@"
    fi
done
if [ "$first" = yes ]; then
    echo "No Python from 3.11 to 3.13 was found: install one" >&2
    exit 1
fi
