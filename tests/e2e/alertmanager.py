"""The real Alertmanager, and its configuration for one receiver of ours."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
CONFIG = """
route:
  receiver: campaign-controller
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: campaign-controller
    webhook_configs:
      - url: {url}/webhooks/alertmanager
        send_resolved: true
        http_config:
          authorization: {{credentials_file: {token}}}
"""

needs_alertmanager = pytest.mark.skipif(
    PROGRAM is None, reason="alertmanager is missing: Debian's package `prometheus-alertmanager`"
)


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


def arguments(folder: Path) -> tuple[str, list[str]]:
    """An address of its own, and how to start it there by the `alertmanager.yml` of the folder."""
    address = f"127.0.0.1:{free_port()}"
    return address, [
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]


class Alertmanager:
    """A running one, in a folder that is made for it."""

    def __init__(self, folder: Path, url: str, token: Path) -> None:
        folder.mkdir()
        (folder / "alertmanager.yml").write_text(CONFIG.format(url=url, token=token))
        self._address, options = arguments(folder)
        assert PROGRAM is not None
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen([PROGRAM, *options], stdout=self._log, stderr=self._log)

    def tell(self, labels: dict[str, str], summary: str, ends: timedelta) -> None:
        """Say of an alert that it began a minute ago and ends so long from now, as Prometheus does; tried until it
        listens. The dates are the machine's: a program of Go's has no other clock.
        """
        now = datetime.now(UTC)
        alert = {
            "labels": labels,
            "annotations": {"summary": summary},
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            "endsAt": (now + ends).isoformat(),
        }
        asked = urllib.request.Request(
            f"http://{self._address}/api/v2/alerts", json.dumps([alert]).encode(), {"Content-Type": "application/json"}
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(asked, timeout=10):  # noqa: S310 - loopback
                    return
            except urllib.error.HTTPError:
                raise
            except OSError:
                assert time.monotonic() < deadline, "it does not listen"
                time.sleep(0.05)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
