"""A program that loads ours once, and then starts a daemon for each line that it reads: by a fork, in milliseconds.

A line is JSON: the daemon's `config` and `env`. An empty line waits for that daemon to end. All daemons write to this
program's own stdout. What they do is what `run` does, from its arguments on.
"""

import gc
import json
import os
import sys
import threading

import sqlalchemy.dialects.sqlite.aiosqlite  # noqa: F401 - loaded for the daemons

import controller.cli.run
import controller.store.migrate  # noqa: F401 - loaded for the daemons
from controller.cli.main import main


def tell(event: str, **facts: object) -> None:
    """Write one line, whole."""
    os.write(sys.stdout.fileno(), f"{json.dumps({'event': event, **facts})}\n".encode())


def live(config: str, env: dict[str, str]) -> None:
    """Be a daemon, to its end."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.environ.update(env)
    code: object = 1
    try:
        main(["run", "--config", config])
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def serve() -> None:
    """Fork for each line."""
    assert threading.active_count() == 1, "a thread would be lost by the fork, and its locks stay held"
    gc.collect()
    gc.freeze()
    tell("forks.ready")
    daemon = 0
    for line in sys.stdin:
        if line.strip():
            daemon = os.fork()
            if daemon == 0:
                live(**json.loads(line))
            tell("fork.begun", pid=daemon)
        else:
            _, status = os.waitpid(daemon, 0)
            tell("fork.ended", pid=daemon, code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
