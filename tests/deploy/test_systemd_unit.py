"""The systemd unit: what systemd says of it, and that program, unit and configuration mean the same places."""

import re
import subprocess
from pathlib import Path

import pytest

from controller.runtime.engine import DRAIN_SECONDS
from controller.runtime.health import LATE_AFTER
from controller.settings import CredentialKey, load_settings
from tests.deploy.systemd_analyze import SYSTEMD, UNIT, found_in, needs_systemd_analyze, settings_of

MOST_EXPOSURE = 1.3
CONFIG = load_settings(SYSTEMD / "controller.yaml")


def seconds(key: str) -> float:
    """A span of the unit such as 5min."""
    number, unit = re.fullmatch(r"(\d+)(s|min)", settings_of(UNIT, key)[0]).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "min": 60}[unit]


@needs_systemd_analyze
def test_systemd_rates_its_exposure_as_low() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(SYSTEMD / "campaign-controller.service")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    rated = re.search(r"Overall exposure level for campaign-controller\.service: ([\d.]+)", done.stdout)
    assert rated, done.stdout + done.stderr
    assert float(rated[1]) <= MOST_EXPOSURE, done.stdout


@needs_systemd_analyze
def test_systemd_finds_nothing_wrong_and_would_say_so(tmp_path: Path) -> None:
    there = UNIT.replace("/usr/local/lib/campaign-controller/bin/campaign-controller", "/bin/true")
    assert found_in(there, tmp_path) == ""
    assert "Unknown key" in found_in(there.replace("WatchdogSec=", "WatchdogSecs="), tmp_path)


def test_it_is_started_again_however_it_ends_and_however_often() -> None:
    assert settings_of(UNIT, "Restart") == ["always"]
    assert settings_of(UNIT, "StartLimitIntervalSec") == ["0"]
    assert settings_of(UNIT, "RestartPreventExitStatus") == []


def test_its_times_leave_the_daemon_the_time_that_it_takes() -> None:
    assert seconds("WatchdogSec") > 2 * LATE_AFTER * CONFIG.resync
    assert seconds("TimeoutStopSec") > 2 * DRAIN_SECONDS
    assert seconds("TimeoutStartSec") > seconds("WatchdogSec")


def test_the_key_comes_as_the_credential_that_the_configuration_names() -> None:
    names = [value.partition(":")[0] for value in settings_of(UNIT, "LoadCredential")]
    assert [workspace.api_key for workspace in CONFIG.workspaces.values()] == [CredentialKey(name) for name in names]


def test_store_and_socket_are_in_the_folders_that_the_unit_gives_to_the_daemon_alone() -> None:
    [state], [running] = settings_of(UNIT, "StateDirectory"), settings_of(UNIT, "RuntimeDirectory")
    assert CONFIG.store == f"sqlite:////var/lib/{state}/controller.db"
    assert CONFIG.control == Path(f"/run/{running}/control.sock")
    assert settings_of(UNIT, "StateDirectoryMode") == settings_of(UNIT, "RuntimeDirectoryMode") == ["0700"]


def test_it_reads_the_configuration_of_its_folder_as_its_own_user() -> None:
    [start], [folder] = settings_of(UNIT, "ExecStart"), settings_of(UNIT, "ConfigurationDirectory")
    assert start.endswith(f" run --config /etc/{folder}/controller.yaml")
    [user] = settings_of(UNIT, "User")
    assert f"\nu {user} " in (SYSTEMD / "campaign-controller.sysusers").read_text()


@pytest.mark.parametrize("name", ["campaign-controller.service", "campaign-controller.sysusers", "install.sh"])
def test_no_path_of_one_machine_is_in_it(name: str) -> None:
    assert not re.search(r"/(work|tmp|root|home)/(?!\*)", (SYSTEMD / name).read_text())
