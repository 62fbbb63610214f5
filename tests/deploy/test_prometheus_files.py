"""deploy/prometheus: every alert is explained, tested, and asks only for metrics that there are."""

import re
import shlex
from collections import defaultdict
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from controller.cli.main import main
from controller.core.zone import DAY
from controller.doctor.zone_data import STALE_DAYS
from controller.telemetry.metrics import PREFIX
from tests.deploy.documented import DEPLOY, documented
from tests.deploy.promtool import needs_promtool, promtool

FILES = DEPLOY / "prometheus"
RUNBOOK = (FILES / "runbook.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))


def read(name: str) -> Any:
    return YAML(typ="safe").load(FILES / name)


ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in read("alerts.yaml")["groups"] for rule in group["rules"]
}


def asked_for(text: str) -> set[str]:
    """The metrics of a PromQL expression or a series, under the names of the table."""
    return {re.sub("_(bucket|count|sum)$", "", name) for name in re.findall(rf"{PREFIX}[a-z_]+", text)}


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    assert list(SECTIONS) == list(dict.fromkeys(SECTIONS))
    assert set(SECTIONS) == set(ALERTS)


def test_every_section_says_what_it_means_what_is_at_stake_where_to_look_and_what_to_do() -> None:
    for name, text in SECTIONS.items():
        assert re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) == ["Means.", "At stake.", "Look.", "Do."], name


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_how_bad_it_is_what_is_wrong_and_where_that_is_explained(name: str) -> None:
    rule = ALERTS[name]
    assert name.startswith("CampaignController")
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"deploy/prometheus/runbook.md#{name.lower()}"
    assert rule["annotations"]["description"].endswith(".")


@pytest.mark.parametrize("name", ALERTS)
def test_every_metric_and_label_value_of_an_alert_is_in_the_table(name: str) -> None:
    rows = documented()
    expression = ALERTS[name]["expr"]
    assert asked_for(expression)
    assert asked_for(expression) <= set(rows)
    for metric, selector in re.findall(rf"({PREFIX}[a-z_]+)\{{(.*?)\}}", expression):
        for label, regex, value in re.findall(r'(\w+)=(~?)"(.*?)"', selector):
            known = rows[metric].labels[label]
            assert known is not None
            assert any(re.fullmatch(value, each) for each in known), (metric, label, value)
            assert regex or value in known


def test_the_alert_calls_zone_data_old_when_doctor_does() -> None:
    assert ALERTS["CampaignControllerTimeZoneDataOld"]["expr"].endswith(f" > {STALE_DAYS} * {DAY}")


def test_what_is_explained_elsewhere_exists_there() -> None:
    events = set(re.findall(r"^\| `([a-z_.]+)` \|", (DEPLOY / "logs.md").read_text(), re.MULTILINE))
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", RUNBOOK)) | set(re.findall(r"--event ([a-z_.]+)", RUNBOOK))
    assert named
    assert named <= events
    assert asked_for(RUNBOOK) <= set(documented())
    linked = set(re.findall(r"\]\(#(\w+)\)", RUNBOOK))
    assert linked <= {name.lower() for name in ALERTS}


def test_the_commands_of_the_runbook_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEPLOY.parent)
    lines = re.findall(r"`campaign-controller\s+([^`]+)`", RUNBOOK)
    assert len(lines) > len(ALERTS) / 2
    for line in lines:
        parse(main, shlex.split(line))


def parse(group: click.Group, words: list[str]) -> None:
    """Read a command line as the program does, and run nothing. Raises UsageError."""
    command = group.get_command(click.Context(group), words[0])
    assert command is not None, words
    if isinstance(command, click.Group):
        parse(command, words[1:])
    else:
        command.make_context(words[0], words[1:])


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases: dict[str, set[bool]] = defaultdict(set)
    for test in read("alerts_test.yaml")["tests"]:
        [case] = test["alert_rule_test"]
        fires = bool(case["exp_alerts"])
        short = case["alertname"].removeprefix("CampaignController")
        assert test["name"].startswith(f"{short} {'fires' if fires else 'does not fire'}: ")
        cases[case["alertname"]].add(fires)
    assert cases == {name: {True, False} for name in ALERTS}


def test_the_series_of_the_cases_are_such_as_the_daemon_serves() -> None:
    rows = documented()
    for test in read("alerts_test.yaml")["tests"]:
        for series in (each["series"] for each in test["input_series"]):
            [name] = asked_for(series)
            for label, value in re.findall(r'(\w+)="(.*?)"', series):
                if label != "instance":
                    known = rows[name].labels[label]
                    assert known is None or value in known, series


def test_the_daemon_is_scraped_where_it_listens_unless_told_otherwise() -> None:
    service = YAML(typ="safe").load(DEPLOY.parent / "config" / "controller.yaml")
    [job] = read("scrape.yaml")["scrape_configs"]
    [target] = job["static_configs"]
    assert target["targets"] == [service["listen"]]


@needs_promtool
def test_promtool_finds_nothing_wrong_with_the_scrape_configuration() -> None:
    promtool("check", "config", FILES / "scrape.yaml")


@needs_promtool
@pytest.mark.once
def test_the_commands_of_the_readme_find_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEPLOY.parent)
    lines = re.findall(r"^promtool (.+)$", (DEPLOY.parent / "README.md").read_text(), re.MULTILINE)
    assert [line.split(" deploy")[0] for line in lines] == ["check config", "test rules"]
    for line in lines:
        promtool(*shlex.split(line))


@needs_promtool
def test_promtool_finds_nothing_wrong_with_the_alerts() -> None:
    promtool("check", "rules", FILES / "alerts.yaml")
