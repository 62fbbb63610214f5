"""deploy/metrics.md against what a real daemon serves: every metric is listed, and every listed metric is served."""

import logging
import re
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from controller.telemetry.metrics import PREFIX
from tests.cli.stage import KEY, RunningDaemon, Stage
from tests.deploy.documented import documented
from tests.deploy.promtool import needs_promtool, promtool

VERIFIED = 'passes_total{result="verified",workspace="main"} 1'
INCIDENT = """\
incidents:
  under-water: {reason: The floor is under water, from: 2026-11-23T09:00:00-05:00}
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two jobs, and an incident whose end is open."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    made = Stage(tmp_path_factory.mktemp("metrics"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGE_KEY", KEY)
        made.write(INCIDENT, "b.yaml")
        box = made.sandbox()
        box.add("Renewals east")
        box.add("Renewals west", "PAUSED")
        yield made
        made.close()
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def scrape(stage: Stage) -> str:
    """What a daemon serves after its first pass."""
    daemon = stage.daemon()
    deadline = time.monotonic() + 30
    while VERIFIED not in daemon.scrape()[0]:
        assert time.monotonic() < deadline, daemon.scrape()[0]
        time.sleep(0.02)
    return daemon.scrape()[0]


def served_labels(scrape: str) -> dict[str, dict[str, set[str]]]:
    """The labels of each metric with their values, under the names that the table uses."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(scrape):
        for sample in family.samples:
            name = sample.name if family.type != "histogram" else family.name
            found[name].update({})
            for label, value in sample.labels.items():
                if label != "le":
                    found[name][label].add(value)
    return found


def test_every_metric_is_listed_with_its_type_and_every_listed_metric_is_served(scrape: str) -> None:
    served = dict(re.findall(r"^# TYPE (\S+) (\S+)$", scrape, re.MULTILINE))
    assert served == {name: row.kind for name, row in documented().items()}


def test_the_labels_are_those_of_the_table_with_exactly_the_values_that_it_lists(scrape: str) -> None:
    served = served_labels(scrape)
    for name, row in documented().items():
        assert set(served[name]) == set(row.labels), name
        for label, values in row.labels.items():
            assert values is None or served[name][label] == values, (name, label)


def test_each_meaning_begins_with_what_the_metric_says_of_itself(scrape: str) -> None:
    rows = documented()
    for name, said in re.findall(r"^# HELP (\S+) (.+)$", scrape, re.MULTILINE):
        assert rows[name].meaning.startswith(said.rstrip(".")), name


def test_values_are_the_daemon_s(scrape: str) -> None:
    values = {(s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(scrape) for s in f.samples}
    assert values[f"{PREFIX}incidents", "rules"] == 1
    assert values[f"{PREFIX}jobs", "incident", "PAUSED", "main"] == 2
    assert values[f"{PREFIX}claims", "held", "main"] == 1
    assert values[f"{PREFIX}changes_total", "pause", "verified", "main"] == 1
    assert values[f"{PREFIX}api_requests_total", "change", "ok", "main"] == 1
    assert values[f"{PREFIX}next_transition_timestamp_seconds",] > 0


def test_what_people_open_and_place_is_measured_while_it_lasts(stage: Stage, scrape: str) -> None:
    """The daemon is the one that was scraped before; its own commands speak to it."""
    assert 'incidents{source="operator"} 0' in scrape
    [daemon] = [each for each in stage._open if isinstance(each, RunningDaemon)]
    stage.run("incident", "open", "--all", "--name", "storm", "--reason", "r")
    stage.run("hold", "Renewals east", "--reason", "r")
    text = daemon.scrape()[0]
    assert f'{PREFIX}incidents{{source="operator"}} 1.0' in text
    assert f'{PREFIX}oldest_open_ended_incident_timestamp_seconds{{source="operator"}}' in text
    assert f'{PREFIX}holds{{workspace="main"}} 1.0' in text
    stage.run("incident", "close", "storm", "--reason", "r", "--yes")
    stage.run("release", "Renewals east", "--reason", "r", "--yes")
    text = daemon.scrape()[0]
    assert f'{PREFIX}incidents{{source="operator"}} 0.0' in text
    assert f'{PREFIX}holds{{workspace="main"}} 0.0' in text


def test_no_label_holds_a_job_or_the_key(scrape: str) -> None:
    assert not re.search(r'Renewals (east|west)|job-\d|"job', scrape)
    assert KEY not in scrape


@needs_promtool
def test_promtool_finds_nothing_wrong_with_a_scrape(scrape: str) -> None:
    promtool("check", "metrics", text=scrape)
