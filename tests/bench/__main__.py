"""`python -m tests.bench [PART…]`: measures, prints the table, and writes it as JSON."""

import compileall
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.table import Row, markdown, show, write

PARTS = ("sweep", "boundary", "quiet", "decide", "calendars", "memory", "daemon", "commands", "growth", "failing")


def main(asked: list[str], folder: Path) -> int:
    """Exit code 0 where every part could be measured, whatever bars are met; 2 for a part that there is not."""
    unknown = [part for part in asked if part not in PARTS]
    if unknown:
        sys.stderr.write(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}\n")
        return 2
    # As pip leaves an installed program: compiled once, not anew at each start.
    compileall.compile_dir("controller", quiet=1)
    rows: list[Row] = []
    failed = False
    for part in asked or PARTS:
        begun = time.monotonic()
        command = [sys.executable, "-m", "tests.bench.part", part]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            failed = True
            continue
        rows += [Row(**row) for row in json.loads(done.stdout)]
        sys.stderr.write(f"{part}: {time.monotonic() - begun:.0f} s\n")
    show(rows)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    write(rows, folder / "bench.json", at=datetime.now(UTC).isoformat(timespec="seconds"), machine=machine)
    (folder / "bench.md").write_text(markdown(rows))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path()))
