"""Measures one part in a process of its own, and prints its rows as JSON."""

import importlib
import json
import sys
import zoneinfo
from dataclasses import asdict

if __name__ == "__main__":
    zoneinfo.reset_tzpath(to=[])
    part = importlib.import_module(f"tests.bench.parts.{sys.argv[1]}")
    sys.stdout.write(json.dumps([asdict(row) for row in part.measure()]) + "\n")
