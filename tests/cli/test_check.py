import csv
import io
import json

import pytest

from tests.cli.stage import RULES, Stage

BROKEN = RULES.replace('["09:00-17:00"]', '["09:00-25:00"]').replace("calendars: [night]", "calendars: [nihgt]")


def test_good_files_are_ok_with_counts_and_versions_and_warnings_stay_on_stderr(stage: Stage) -> None:
    done = stage.run("check")
    assert done.exit_code == 0
    assert done.stdout.startswith("ok: 3 campaign(s), 2 calendar(s), 2 incident(s); revision ")
    assert "tzdata 20" in done.stdout
    assert done.stdout.endswith("; 1 warning(s)\n")
    assert done.stderr.startswith("warning: a.yaml:14:")
    assert "campaigns.starts.start" in done.stderr


def test_every_problem_of_every_file_is_told_at_once_with_its_place(stage: Stage) -> None:
    stage.write(BROKEN)
    stage.write("campaigns: {x: {match: {names: ['X']}, calendars: [floor], clsoe_early: 2m}}", "b.yaml")
    done = stage.run("check")
    assert done.exit_code == 2
    assert done.stdout == ""
    told = done.stderr.splitlines()
    assert [line for line in told if line.startswith("error: a.yaml:5:") and "25:00" in line]
    assert [line for line in told if line.startswith("error: a.yaml:15:") and "nihgt" in line]
    assert [line for line in told if line.startswith("error: b.yaml:1:") and "clsoe_early" in line]
    assert told[-1] == "3 error(s), 0 warning(s)"


def test_configuration_and_rules_that_are_both_wrong_are_both_told(stage: Stage) -> None:
    stage.config.write_text("workspaces: {main: {base_url: ftp://x, api_key: {env: A}}}\nresink: 3s\n")
    stage.write(BROKEN)
    done = stage.run("check", "--output", "json")
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert {(each["severity"], each["key_path"]) for each in found} >= {
        ("error", "workspaces.main.base_url"),
        ("error", "resink"),
        ("error", "calendars.floor.hours.mon-fri[0]"),
        ("error", "campaigns.night.calendars[0]"),
    }


def test_a_wrong_configuration_without_rules_beside_it_is_told_alone(stage: Stage) -> None:
    stage.config = stage.folder / "rules" / "controller.yaml"
    stage.config.write_text("workspaces: {}\n")
    done = stage.run("check", "--output", "jsonl")
    assert done.exit_code == 2
    assert {json.loads(line)["file"] for line in done.stdout.splitlines()} == {str(stage.config)}


def test_a_rules_folder_that_is_not_there_is_told(stage: Stage) -> None:
    stage.config.write_text(stage.config.read_text().replace("rules: rules/", "rules: rulez/"))
    done = stage.run("check")
    assert done.exit_code == 2
    assert "rulez" in done.stderr
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize("output", ["json", "csv"])
def test_warnings_are_records_too_and_no_failure(stage: Stage, output: str) -> None:
    done = stage.run("check", "--output", output)
    assert done.exit_code == 0
    found = json.loads(done.stdout) if output == "json" else list(csv.DictReader(io.StringIO(done.stdout)))
    assert [each["severity"] for each in found] == ["warning"]
    assert list(found[0]) == ["severity", "file", "line", "column", "key_path", "message"]
    assert (found[0]["file"], int(found[0]["line"])) == ("a.yaml", 14)


def test_no_problem_is_an_empty_array(stage: Stage) -> None:
    stage.write(RULES.replace(", start: true", ""))
    done = stage.run("check", "--output", "json")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_workspace_that_the_configuration_lacks_is_a_problem(stage: Stage) -> None:
    stage.write(RULES.replace('{names: ["Night *"]}', '{names: ["Night *"], workspaces: [mian]}'))
    done = stage.run("check")
    assert done.exit_code == 2
    assert "mian" in done.stderr


def test_other_commands_tell_the_same_problems_and_stop_with_2(stage: Stage) -> None:
    stage.write(BROKEN)
    for command in (["plan"], ["preview"], ["once"], ["explain", "j"], ["adopt", "j", "--reason", "r"], ["run"]):
        done = stage.run(*command)
        assert done.exit_code == 2, command
        assert "a.yaml:5:" in done.stderr
        assert "a.yaml:15:" in done.stderr


def test_the_key_is_not_read_by_check(stage: Stage) -> None:
    stage.env["STAGE_KEY"] = None
    assert stage.run("check").exit_code == 0


def test_a_campaign_that_only_a_webhook_names_is_looked_for_in_the_rules(stage: Stage) -> None:
    webhook = "{kind: signed, secret: {env: S}, quiet: 0s, longest: 1h, opens: [{labels: {a: b}, match: "
    more = f"webhooks: {{pager: {webhook}{{campaigns: [renewal]}}}}]}}}}\n"
    stage.config.write_text(stage.config.read_text() + more)
    done = stage.run("check")
    assert done.exit_code == 2
    assert "webhooks.pager.opens[0].match.campaigns[0]: 'renewal' is not a campaign, did you mean" in done.stderr
    stage.config.write_text(stage.config.read_text().replace("campaigns: [renewal]", "workspaces: [mian]"))
    assert "match.workspaces[0]: 'mian' is not a workspace, did you mean 'main'?" in stage.run("check").stderr
