"""The image of deploy/container, built for real: what is in it, and how it runs as its compose file says."""

import gzip
import http.client
import os
import re
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from controller import __version__
from tests.deploy.built_image import BASE, CANARY, BuiltImage, build, opened, told_megabytes
from tests.deploy.compose import commands
from tests.deploy.container_place import Place
from tests.deploy.image_base import kept_base, needs_builder
from tests.deploy.shared_folder import run_folder, shared

pytestmark = [pytest.mark.e2e, pytest.mark.once, needs_builder]

EXPECTED = re.compile(
    r"opt/campaign-controller(/.*)?|opt|etc|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc/hosts|etc/campaign-controller"
    r"|var|var/lib|var/lib/campaign-controller|(dev|mnt|proc|run|sys|tmp)(/.*)?|var/log(/.*)?"
)


@pytest.fixture(scope="module")
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltImage]:
    base = kept_base(request.config.cache.mkdir("container"))
    folder = run_folder(tmp_path_factory, "container-image")
    with shared(folder, partial(build, base=base)):
        yield opened(folder)


@pytest.fixture
def place(image: BuiltImage, tmp_path: Path) -> Iterator[Place]:
    """It is evening in New York, and the campaign of the two jobs is closed."""
    made = Place(image, tmp_path, {"east": "US renewals east", "west": "US renewals west"})
    yield made
    made.stage.close()


def test_it_tells_engines_how_it_is_run_and_people_what_it_is(image: BuiltImage) -> None:
    told = image.configuration
    assert told["User"] == "64642:64642"
    assert (told["Entrypoint"], told["Cmd"]) == (["/opt/campaign-controller/bin/campaign-controller"], ["run"])
    assert (told["WorkingDir"], told["StopSignal"]) == ("/etc/campaign-controller", "SIGTERM")
    assert list(told["ExposedPorts"]) == ["8642/tcp"]
    assert told["Healthcheck"]["Test"] == ["CMD", "campaign-controller", "healthcheck"]
    labels = {name.rpartition("image.")[2]: value for name, value in told["Labels"].items() if "opencontainers" in name}
    assert labels == {
        "title": "campaign-controller",
        "description": "Keeps Vogent batch dial jobs paused or dialing as campaign rules say",
        "version": __version__,
        "revision": image.revision,
        "base.name": BASE,
    }


def test_above_its_base_there_is_the_program_alone_and_neither_keys_nor_pip_nor_what_it_fetched(
    image: BuiltImage,
) -> None:
    with image.exported() as (description, layer, data):
        names = layer.getnames()
        assert [name for name in names if not EXPECTED.fullmatch(name)] == []
        assert [name for name in names if re.search(r"/pip/|/pip$|\.whl$|\.cache|vogent-api-key|pip\.conf", name)] == []
        theirs = [member.name for member in layer if member.uid != 0 and member.isreg()]
        assert theirs == []
        assert CANARY.encode() not in data
        assert CANARY not in str(description)
        assert "find-links" not in str(description)
        assert len(data) / 1e6 == pytest.approx(told_megabytes(", 28 MB of them to send"), rel=0.1)
        assert len(gzip.compress(data, 6)) / 1e6 == pytest.approx(told_megabytes(" of them to send"), rel=0.1)


def test_every_command_of_the_readme_works_in_its_order(place: Place) -> None:
    said = {line: place.compose(line) for line in commands()}
    told = "\n".join(said.values())
    for part in (
        "ok: 1 campaign(s)",
        "0 failure(s)",
        "2 to pause. Left as they are: none.",
        "2 paused by us; next change ",
        "US renewals east (main/east): held",
    ):
        assert part in told, part
        told = told.partition(part)[2]
    assert place.daemon is None


def test_it_keeps_jobs_to_rules_that_are_edited_outside_of_it(place: Place) -> None:
    daemon = place.up()
    assert {line["job"] for line in daemon.events("job.paused")} == {"east", "west"}
    place.stage.rules_file(place.rules.replace('"13:30-17:00"', '"13:30-25:00"'))
    daemon.wait_for("rules.rejected")
    place.stage.rules_file(place.rules.replace('"13:30-17:00"', '"13:30-23:00"'))
    daemon.wait_for("rules.reloaded")
    daemon.wait_for("job.resumed", 2)
    assert place.stop() == 0
    assert daemon.said[-1]["event"] == "daemon.stopped"


def test_it_has_no_right_that_it_does_not_need_and_writes_to_its_volume_alone(place: Place) -> None:
    daemon = place.up()
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{daemon.pid}/status").read_text().splitlines())
    assert status["NSpid"].split()[1:] == ["1"]
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"64642"}
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]) == (0, 0, "1")
    for folder in ("/", "/opt/campaign-controller", "/etc/campaign-controller/config", "/run/secrets", "/var/lib"):
        tried = place.container.execute(daemon, "touch", f"{folder}/written")
        assert "Read-only file system" in tried.stderr, (folder, tried)
    assert place.container.execute(daemon, "ls", "-A", "/tmp").stdout == ""
    assert place.stop() == 0
    left = {path.name: path.stat().st_uid for path in (place.container.volumes / "store").iterdir()}
    assert left == {"controller.db": 64642, "controller.db.lock": 64642}
    assert [line for line in daemon.said if line["level"] == "error"] == []


def test_its_health_is_told_by_the_program_while_it_runs_is_stuck_and_is_gone(place: Place) -> None:
    daemon = place.up()
    assert place.healthy().returncode == 0
    os.kill(daemon.pid, signal.SIGSTOP)
    stuck = place.healthy()
    assert (stuck.returncode, stuck.stderr.endswith("the daemon does not answer within 5 s\n")) == (1, True)
    os.kill(daemon.pid, signal.SIGCONT)
    assert place.healthy().returncode == 0
    assert place.stop() == 0
    code, said = place.container.run("healthcheck")
    assert (code, "the daemon does not answer there" in said) == (1, True)


def test_prometheus_reads_the_metrics_by_name_and_token_and_a_token_is_rotated_in_its_file(place: Place) -> None:
    address = place.up().wait_for("web.started")["url"].removeprefix("http://")

    def asked(token: str, host: str = "campaign-controller:8642") -> int:
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("GET", "/metrics", headers={"Host": host, "Authorization": f"Bearer {token}"})
        code = connection.getresponse().status
        connection.close()
        return code

    token = (place.here / "secrets/read-token-of-prometheus").read_text().strip()
    assert (asked(token), asked("x" * 64), asked(token, "elsewhere.example")) == (200, 401, 421)
    (place.here / "secrets/read-token").write_text("another-token-of-some-length")
    assert (asked(token), asked("another-token-of-some-length")) == (401, 200)
