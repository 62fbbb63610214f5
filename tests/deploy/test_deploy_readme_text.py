"""deploy/README.md against the manifests and the programs that it names, where no command of it can be run."""

import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from controller.cli.main import main
from controller.settings import load_settings
from controller.store.sqlite import database_path
from tests.deploy.chapters import CHAPTERS, README, shell_blocks, typed_beside_a_cluster
from tests.deploy.documented import DEPLOY
from tests.deploy.manifests import FOLDER, Manifest, needs_kubectl, one, written

MANIFESTS: list[Manifest] = [manifest for _path, manifest in written()]
NAMESPACE = "dialing"
COMMANDS = [shlex.split(line.replace("\0", "\n")) for line in typed_beside_a_cluster()]
LINKS = sorted(set(re.findall(r"\]\(([^)]+)\)", README)))


def without_namespace(words: list[str]) -> list[str]:
    """The command's own words. Each but the one that makes the namespace names it first."""
    if words[1:3] == ["create", "namespace"]:
        return words[1:]
    assert words[1:3] == ["-n", NAMESPACE], words
    return words[3:]


def verbs(*wanted: str) -> list[list[str]]:
    """The commands of these verbs."""
    return [words for words in map(without_namespace, COMMANDS) if words[0] in wanted]


@pytest.mark.parametrize("link", LINKS)
def test_every_link_leads_somewhere(link: str) -> None:
    path, _hash, chapter = link.partition("#")
    assert (DEPLOY / path).exists()
    assert not chapter or chapter in {name.lower() for name in CHAPTERS}


def test_what_is_edited_and_applied_is_there() -> None:
    for block in (block for chapter in CHAPTERS for block in shell_blocks(chapter) if "kubectl" in block):
        for line in re.findall(r"^editor (.*)$", block, re.MULTILINE):
            assert all((DEPLOY.parent / path).is_file() for path in line.split())
    applied = [words[words.index("-k") + 1] for words in verbs("apply", "delete") if "-k" in words]
    assert set(applied) == {"deploy/kubernetes", "deploy/kubernetes/monitoring"}
    assert all((DEPLOY.parent / path / "kustomization.yaml").is_file() for path in applied)


def test_what_is_scaled_asked_and_waited_for_is_what_is_applied() -> None:
    deployment = one(MANIFESTS, "Deployment")
    named = [word for words in verbs("rollout", "exec", "scale") for word in words if word.startswith("deployment/")]
    assert set(named) == {f"deployment/{deployment['metadata']['name']}"}
    [wait] = verbs("wait")
    selector = dict([wait[wait.index("--selector") + 1].split("=")])
    assert selector == deployment["spec"]["template"]["metadata"]["labels"]
    [scale] = verbs("scale")
    assert "--replicas=0" in scale
    [removed] = [words for words in verbs("delete") if words[1] == "secret"]
    assert removed[2] == one(MANIFESTS, "Secret")["metadata"]["name"]


def test_what_is_run_in_the_pod_is_ours_and_finds_the_store() -> None:
    run = [words[words.index("--") + 1 :] for words in verbs("exec")]
    ours = [words for words in run if words[0] == "campaign-controller"]
    assert {words[1] for words in ours} == {"doctor", "status"}
    for words in ours:
        assert CliRunner().invoke(main, [*words[1:], "--help"]).exit_code == 0
    [python], [cat] = [words for words in run if words[0] == "python"], [words for words in run if words[0] == "cat"]
    store = database_path(load_settings(FOLDER / "service" / "controller.yaml").store)
    assert f'"{store.parent}"' in python[2]
    assert cat[1] == str(store.with_name("backup.db"))


def test_the_backup_in_the_pod_is_a_program_that_copies_a_store(tmp_path: Path) -> None:
    [program] = [words[words.index("-c") + 1] for words in verbs("exec") if "python" in words]
    with closing(sqlite3.connect(tmp_path / "controller.db")) as store:
        store.execute("CREATE TABLE kept (x)")
    moved = program.replace("/var/lib/campaign-controller/own", str(tmp_path))
    subprocess.run([sys.executable, "-c", moved], timeout=60, check=True)
    with closing(sqlite3.connect(tmp_path / "backup.db")) as copy:
        assert copy.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]


@needs_kubectl
@pytest.mark.once
class TestWithKubectl:
    def test_every_flag_is_one_of_its_own(self) -> None:
        for words in map(without_namespace, COMMANDS):
            own = words[: words.index("--")] if "--" in words else words
            verb = (
                own[:3] if own[:2] == ["create", "secret"] else own[:2] if own[0] in ("create", "rollout") else own[:1]
            )
            done = subprocess.run(["kubectl", *verb, "--help"], capture_output=True, text=True, timeout=60, check=True)
            for flag in (word.partition("=")[0] for word in own if word.startswith("-") and len(word) > 1):
                assert re.search(rf"^\s+(-\w, )?{flag}[=,]|^\s+{flag}, --", done.stdout, re.MULTILINE), (flag, words)

    def test_the_secret_that_is_made_is_the_one_that_the_pod_mounts(self, tmp_path: Path) -> None:
        expected = one(MANIFESTS, "Secret")
        for name in expected["stringData"]:
            (tmp_path / name).write_text("k")
        made = [words for words in verbs("create") if words[1] == "secret"]
        assert len(made) == 2
        for words in made:
            dry = [*words, *([] if "--dry-run=client" in words else ["--dry-run=client", "-o", "yaml"])]
            done = subprocess.run(
                ["kubectl", *dry], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
            )
            secret: dict[str, Any] = YAML(typ="safe").load(done.stdout)
            assert secret["metadata"]["name"] == expected["metadata"]["name"]
            assert set(secret["data"]) == set(expected["stringData"])
