"""A copy of deploy/container as an operator has it, with the sandbox in Vogent's place, and what Compose does there."""

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from tests.deploy.built_image import BuiltImage
from tests.deploy.compose import block, read
from tests.deploy.contained import Container
from tests.deploy.documented import DEPLOY
from tests.e2e.first_process import FirstProcess
from tests.e2e.processes import KEY, Stage

SERVICE: Final = "campaign-controller"
LOOKING: Final = ("ps", "logs")
"""What only shows something needs no engine of ours."""


class Place:
    """The files below `folder`, and the daemon's container, if it runs."""

    def __init__(self, image: BuiltImage, folder: Path, jobs: dict[str, str]) -> None:
        (folder / "config").mkdir()
        self.stage = Stage(folder / "config", "2026-11-25T20:00:00-05:00", 1.0)
        shutil.copytree(DEPLOY, folder / "deploy")
        self.here = folder / "deploy" / "container"
        self.rules = (DEPLOY.parent / "config" / "rules" / "us-renewals.yaml").read_text()
        self.stage.rules_file(self.rules)
        self.stage.sandbox(jobs)
        service = self.here / "service" / "controller.yaml"
        url = f"http://127.0.0.1:{self.stage.port}/api"
        # The network is the machine's own: whoever else runs here may listen at the port of the file.
        text = service.read_text().replace("https://api.vogent.ai/api", url).replace("0.0.0.0:8642", "127.0.0.1:0")
        service.write_text(text)
        subprocess.run(["sh", "-e", "-c", block("secrets/read-token")], cwd=self.here, input=KEY, text=True, check=True)
        compose = read(self.here)
        clock = {"CAMPAIGN_CONTROLLER_CLOCK": self.stage.env["CAMPAIGN_CONTROLLER_CLOCK"]}
        self.container = Container(
            image.root, image.configuration, self.here, compose, compose["services"][SERVICE], folder / "volumes", clock
        )
        self.daemon: FirstProcess | None = None

    def up(self) -> FirstProcess:
        """Start the daemon where it does not run."""
        if self.daemon is None:
            self.daemon = self.stage.started(self.container.start())
            self.daemon.wait_for("pass.finished")
        return self.daemon

    def stop(self) -> int | None:
        """Stop it as the image wants; gives its exit code."""
        if self.daemon is None:
            return None
        code = self.daemon.end(signal.Signals[self.container.image["StopSignal"]])
        self.daemon = None
        return code

    def healthy(self) -> "subprocess.CompletedProcess[str]":
        """What the engine asks the container again and again."""
        how, *command = self.container.service["healthcheck"]["test"]
        assert how == "CMD"
        return self.container.execute(self.up(), *command)

    def compose(self, line: str) -> str:
        """Do what Docker Compose does at a command; what fails is the test's."""
        match shlex.split(line):
            case ["run", "--rm", service, *args] if service == SERVICE:
                code, said = self.container.run(*args)
                assert code == 0, (line, said)
                return said
            case ["exec", service, *command] if service == SERVICE:
                done = self.container.execute(self.up(), *command)
                assert done.returncode == 0, (line, done.stdout, done.stderr)
                return done.stdout
            case ["up", "--detach"]:
                self.up()
            case ["kill", "--signal", name, service] if service == SERVICE:
                os.kill(self.up().pid, signal.Signals[f"SIG{name}"])
            case ["restart", service] if service == SERVICE:
                assert self.stop() == 0
                self.up()
            case ["down"]:
                assert self.stop() == 0
            case [look, *options] if look in LOOKING:
                assert [each for each in options if not each.startswith("-")] in ([], [SERVICE])
            case _:
                raise AssertionError(f"docker compose {line}: it does not fit the compose file")
        return ""
