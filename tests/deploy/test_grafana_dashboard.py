"""deploy/grafana/dashboard.json: it asks only for what the daemon serves, in expressions that Prometheus can read."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from controller.telemetry.metrics import PREFIX
from tests.deploy.documented import DEPLOY, documented
from tests.deploy.promtool import needs_promtool, promtool

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
ROWS = [panel for panel in DASHBOARD["panels"] if panel["type"] == "row"]
PANELS: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"}
OF_A_SCRAPE = {"instance", "job"}
"""Labels that Prometheus adds to whatever it scrapes."""
FROM_GRAFANA = {"$__rate_interval": "5m", "$__range": "1d", "$workspace": ".+"}
NAME = re.compile(rf"\b(?:{PREFIX}|process_)[a-z_]+")


def asked(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


EXPRESSIONS = [expression for panel in PANELS.values() for expression in asked(panel)]
EXPRESSIONS += [annotation["expr"] for annotation in DASHBOARD["annotations"]["list"]]


def metrics(expression: str) -> set[str]:
    """The metrics of an expression, under the names of the table."""
    return {re.sub("_(bucket|count|sum)$", "", name) for name in NAME.findall(expression)}


def filled_in(expression: str) -> str:
    """As Grafana asks it."""
    for name, value in FROM_GRAFANA.items():
        expression = expression.replace(name, value)
    return expression


def labels(expression: str) -> set[str]:
    """What the metrics of an expression have, together."""
    rows = documented()
    return {label for name in metrics(expression) for label in rows[name].labels}


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_says_what_it_shows_and_asks_the_chosen_prometheus(title: str) -> None:
    panel = PANELS[title]
    assert panel["description"].endswith(".")
    assert {str(each["datasource"]) for each in [panel, *panel["targets"]]} == {
        "{'type': 'prometheus', 'uid': '${datasource}'}"
    }
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_label_and_value_is_in_the_table(expression: str) -> None:
    rows = documented()
    assert metrics(expression)
    assert metrics(expression) <= set(rows)
    for metric, selector in re.findall(rf"({PREFIX}[a-z_]+)\{{(.*?)\}}", expression):
        for label, regex, value in re.findall(r'(\w+)(?:!?=)(~?)"(.*?)"', selector):
            known = rows[re.sub("_bucket$", "", metric)].labels[label]
            if value != "$workspace":
                assert known is not None
                assert set(value.split("|") if regex else [value]) <= known, (metric, label, value)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_grouped_by_is_a_label_of_what_is_grouped(expression: str) -> None:
    for group in re.findall(r"\b(?:by|on) \((.*?)\)", expression):
        assert set(group.split(", ")) <= labels(expression) | OF_A_SCRAPE | {"le"}, group


@pytest.mark.parametrize("title", PANELS)
def test_a_legend_names_only_labels_that_are_left(title: str) -> None:
    for target in PANELS[title]["targets"]:
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        groups = re.findall(r"\bby \((.*?)\)", target["expr"])
        assert named <= (set(groups[-1].split(", ")) if groups else labels(target["expr"]) | OF_A_SCRAPE)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_belongs_to_a_workspace_is_shown_for_the_chosen_ones(expression: str) -> None:
    rows = documented()
    for found in NAME.finditer(expression):
        name = re.sub("_(bucket|count|sum)$", "", found[0])
        assert ("workspace" in rows[name].labels) == expression[found.end() :].startswith('{workspace=~"$workspace"')


def test_every_metric_of_the_table_but_plain_process_ones_is_shown() -> None:
    shown = {name for expression in EXPRESSIONS for name in metrics(expression)}
    assert {name for name in documented() if name.startswith(PREFIX)} <= shown


def test_every_panel_is_one_of_its_own() -> None:
    everything = DASHBOARD["panels"]
    assert (
        len({panel["id"] for panel in everything}) == len({panel["title"] for panel in everything}) == len(everything)
    )


def test_no_panel_lies_over_another_or_beyond_the_edge() -> None:
    cells: Counter[tuple[int, int]] = Counter()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= 24
        cells.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
    assert max(cells.values()) == 1


def test_the_rows_are_the_questions_that_a_person_has() -> None:
    assert [row["title"] for row in ROWS] == [
        "Is anything wrong now?",
        "What is dialing, and why is the rest paused?",
        "Are passes made?",
        "What does Vogent answer?",
        "Claims, findings, holds and incidents",
        "Rules and the data behind decisions",
        "The daemon itself",
    ]
    for above, below in combinations(ROWS, 2):
        assert above["gridPos"]["y"] < below["gridPos"]["y"]


def test_prometheus_and_workspaces_are_chosen_by_the_reader() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    workspace = variables["workspace"]
    assert (workspace["multi"], workspace["includeAll"]) == (True, True)
    [metric] = metrics(workspace["definition"])
    assert "workspace" in documented()[metric].labels
    assert workspace["query"]["query"] == workspace["definition"]


@needs_promtool
def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": filled_in(each)} for number, each in enumerate(EXPRESSIONS)]
    assert not [rule for rule in rules if "$" in rule["expr"]]
    with (tmp_path / "rules.yaml").open("w") as stream:
        YAML(typ="safe").dump({"groups": [{"name": "panels", "rules": rules}]}, stream)
    promtool("check", "rules", tmp_path / "rules.yaml")
