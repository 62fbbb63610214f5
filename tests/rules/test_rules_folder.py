"""How the rules folder is read."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.rules.loader import load_rules_folder, read_rules_folder
from controller.rules.problem import RulesError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def refusal(folder: Path) -> list[str]:
    with pytest.raises(RulesError) as caught:
        read_rules_folder(folder)
    return [str(problem).replace(str(folder), "RULES") for problem in caught.value.problems]


def test_every_yaml_file_of_the_top_level_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"1")
    (tmp_path / "b.yaml").write_bytes(b"2")
    (tmp_path / "README.md").write_bytes(b"no")
    (tmp_path / ".hidden.yaml").write_bytes(b"no")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "c.yaml").write_bytes(b"no")
    assert read_rules_folder(tmp_path) == {"a.yaml": b"1", "b.yaml": b"2"}


def test_a_kubernetes_volume_is_read_through_its_links_once(tmp_path: Path) -> None:
    version = tmp_path / "..2026_11_23"
    version.mkdir()
    (version / "a.yaml").write_bytes(b"1")
    (tmp_path / "..data").symlink_to(version.name)
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert read_rules_folder(tmp_path) == {"a.yaml": b"1"}


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    expected = "RULES: the rules folder cannot be read: No such file or directory; create it or set rules"
    assert refusal(tmp_path / "rules") == [expected]


def test_a_folder_without_rules_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert refusal(tmp_path) == ["RULES: the rules folder holds no *.yaml file, write one or set rules"]


def test_a_name_that_would_silently_be_passed_over_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch()
    for name in ("b.yml", "c.YAML"):
        (tmp_path / name).touch()
    wrong = "only *.yaml is read, rename it, or to another suffix if it is not meant"
    assert refusal(tmp_path) == [f"b.yml: {wrong}", f"c.YAML: {wrong}"]


def test_what_is_no_readable_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "broken.yaml").symlink_to("nowhere")
    (tmp_path / "a\nb.yaml").touch()
    assert refusal(tmp_path) == [
        "a\\nb.yaml: its name holds characters that cannot be printed, rename it",
        "broken.yaml: cannot be read: No such file or directory; make it a readable file",
        "folder.yaml: it is not a file, rename or remove it",
        "pipe.yaml: it is not a file, rename or remove it",
    ]


def test_of_a_huge_file_only_as_much_is_read_as_shows_that_it_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * 3_000_000)
    assert len(read_rules_folder(tmp_path)["a.yaml"]) == 1024 * 1024 + 1


def test_an_unreadable_file_hides_no_problem_of_the_others_and_invents_none(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").symlink_to("nowhere")
    (tmp_path / "c.yaml").write_text("campaigns: {c: {match: {ids: [x]}, calendars: [elsewhere], start: 1}}")
    with pytest.raises(RulesError) as caught:
        load_rules_folder(tmp_path, now=NOW)
    assert [str(problem) for problem in caught.value.problems] == [
        "broken.yaml: cannot be read: No such file or directory; make it a readable file",
        "c.yaml:1:67: campaigns.c.start: 1 is not a truth value, write true or false",
    ]
