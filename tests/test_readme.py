"""The README against the program: its rules load, its tables are the program's, its outputs are real."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.cli.demo.story import review
from controller.core.precedence import PRECEDENCE
from controller.rules.loader import load_rules
from controller.settings import load_settings
from controller.web.audit import AuditLines
from controller.web.campaigns import Campaigns
from controller.web.changes import Changes
from controller.web.controls import Controls
from controller.web.events import Events
from controller.web.jobs import Jobs
from controller.web.probes import Probes
from controller.web.rules import RulesInForce
from controller.web.status import Status

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
NOW = 1_795_000_000.0


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_rules_load_without_a_problem() -> None:
    rules, *_others = blocks("yaml")
    loaded = load_rules({"us-renewals.yaml": rules.encode()}, now=NOW, workspaces=frozenset({"main"}))
    assert [campaign.name for campaign in loaded.rules.campaigns] == ["us-renewals"]


def test_the_service_file_loads_without_a_problem(tmp_path: Path) -> None:
    _rules, service, web, *_others = blocks("yaml")
    (tmp_path / "controller.yaml").write_text(service + web)
    settings = load_settings(tmp_path / "controller.yaml")
    assert list(settings.workspaces) == ["main"]
    assert settings.web.hosts == ("dialer.example",)


def test_the_table_of_the_api_lists_each_path_of_it() -> None:
    table = README.partition("## The HTTP API")[2].partition("```")[0]
    named = {path for cell in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for path in re.findall(r"`(.*?)`", cell)}
    paths = {path if path.startswith(("/api", "…", "/healthz", "/readyz")) else f"/api/v1{path}" for path in named}
    extended = {path.replace("…", "/api/v1/incidents") for path in paths}
    view: Any = None
    faces = [Probes(view, None), Status(view), Jobs(view, view), Campaigns(view), Controls(view, view)]
    others = [AuditLines(view), RulesInForce(view), Events(view), Changes(view, view, view, view)]
    assert extended == {endpoint.path for face in (*faces, *others) for endpoint in face.endpoints()}


def test_the_webhooks_belong_into_the_service_file(tmp_path: Path) -> None:
    _rules, service, *others = blocks("yaml")
    [webhooks] = [each for each in others if each.startswith("webhooks:")]
    (tmp_path / "controller.yaml").write_text(service + webhooks)
    assert list(load_settings(tmp_path / "controller.yaml").webhooks) == ["alertmanager", "pager"]


@pytest.mark.e2e
@pytest.mark.once
@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is missing: Debian's prometheus-alertmanager")
def test_what_is_to_stand_in_alertmanagers_file_is_right_by_its_own_checker(tmp_path: Path) -> None:
    [alertmanager] = [each for each in blocks("yaml") if each.startswith("route:")]
    file = tmp_path / "alertmanager.yml"
    file.write_text(alertmanager)
    done = subprocess.run(["amtool", "check-config", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_precedence_table_is_the_programs() -> None:
    rows = [f"| {row.number} | {row.condition} | {row.desired} | {row.reason} |" for row in PRECEDENCE]
    assert [row for row in rows if row not in README] == []


def test_the_table_of_the_demo_names_what_the_demo_expects() -> None:
    assert [step.what for step in review([]) if step.what not in README] == []


@pytest.mark.e2e
def test_the_problems_of_check_are_real(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    text = (ROOT / "config/rules/us-renewals.yaml").read_text()
    text = text.replace("mon-fri", "mon-frx").replace("close_early: 2m", "close_erly: 2m")
    (tmp_path / "rules/us-renewals.yaml").write_text(text.replace('"10:00-14:00"', '"10:00-25:00"'))
    config = tmp_path / "controller.yaml"
    config.write_text((ROOT / "config/controller.yaml").read_text())
    command = [sys.executable, "-m", "controller", "check", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if line not in README] == []


@pytest.mark.e2e
@pytest.mark.once
def test_every_make_target_of_the_readme_exists() -> None:
    for line in re.findall(r"^make .*$", "\n".join(blocks("sh")), re.MULTILINE):
        done = subprocess.run(["make", "-n", *line.split()[1:]], cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, line
