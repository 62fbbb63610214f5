"""deploy/container as it is written: the compose file is valid, and fits the Containerfile and what else lies there."""

import copy
import json
import re
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from controller import __version__
from controller.cli.main import main
from controller.settings import FileKey, Settings, load_settings
from tests.deploy.compose import FOLDER, README, Service, block, commands, read
from tests.deploy.documented import DEPLOY
from tests.deploy.manifests import one, written
from tests.deploy.promtool import needs_promtool, promtool

ROOT = DEPLOY.parent
COMPOSE = read()
CONTAINERFILE = (FOLDER / "Containerfile").read_text()
SCHEMA = json.loads((resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
PLACE = "/etc/campaign-controller"
OURS: Service = COMPOSE["services"]["campaign-controller"]
THEIRS: Service = COMPOSE["services"]["prometheus"]


def mounts(service: Service, kind: str) -> dict[str, str]:
    """What is mounted, by where."""
    return {each["target"]: each["source"] for each in service["volumes"] if each["type"] == kind}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folders as the container finds them."""
    for target, source in mounts(OURS, "bind").items():
        shutil.copytree(FOLDER / source, tmp_path / target.removeprefix("/"))
    return tmp_path / PLACE.removeprefix("/")


@pytest.fixture
def settings(place: Path) -> Settings:
    return load_settings(place / "config" / "controller.yaml")


def test_it_is_valid_by_the_published_schema_and_a_misspelt_key_would_be_seen() -> None:
    jsonschema.validate(COMPOSE, SCHEMA)
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"]["campaign-controller"]["read_onyl"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize("service", [OURS, THEIRS], ids=["campaign-controller", "prometheus"])
def test_each_service_has_no_right_that_it_does_not_need_and_comes_back(service: Service) -> None:
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & service.keys()


@pytest.mark.parametrize("service", [OURS, THEIRS], ids=["campaign-controller", "prometheus"])
def test_whole_folders_that_there_are_are_mounted_and_read_only(service: Service) -> None:
    for mount in service["volumes"]:
        if mount["type"] == "bind":
            assert (FOLDER / mount["source"]).is_dir(), mount
            assert mount["read_only"], mount
        else:
            assert mount["source"] in COMPOSE["volumes"]
    assert all(secret in COMPOSE["secrets"] for secret in service["secrets"])


def test_the_image_is_of_this_version_everywhere() -> None:
    assert OURS["image"] == f"campaign-controller:{__version__}"
    assert f'org.opencontainers.image.version="{__version__}"' in CONTAINERFILE
    assert f"`campaign-controller:{__version__}`" in README


def test_the_image_and_the_service_ask_for_health_alike() -> None:
    [(options, test)] = re.findall(r"^HEALTHCHECK (.*) CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)
    asked = {name.replace("-", "_"): value for name, value in re.findall(r"--(\S+)=(\S+)", options)}
    told = {name: str(value) for name, value in OURS["healthcheck"].items() if name != "test"}
    assert (told, OURS["healthcheck"]["test"]) == (asked, ["CMD", *json.loads(test)])


def test_it_is_given_more_time_to_drain_than_it_takes_as_in_kubernetes() -> None:
    spec = one([manifest for _path, manifest in written()], "Deployment")["spec"]["template"]["spec"]
    assert OURS["stop_grace_period"] == f"{spec['terminationGracePeriodSeconds']}s"
    [container] = spec["containers"]
    assert container["workingDir"] == PLACE
    user = spec["securityContext"]["runAsUser"]
    assert f"USER {user}:{spec['securityContext']['runAsGroup']}" in CONTAINERFILE
    assert f"WORKDIR {PLACE}" in CONTAINERFILE
    assert f"| user | {user}:{user}, " in README


class TestTheServiceSFile:
    """As the container finds it."""

    def test_it_is_right_and_so_are_the_rules(self, place: Path) -> None:
        done = CliRunner().invoke(main, ["check", "--config", str(place / "config" / "controller.yaml")])
        assert done.exit_code == 0, done.output

    def test_it_names_what_is_mounted(self, settings: Settings, place: Path) -> None:
        assert settings.rules.resolve() == place / "rules"
        keys = [settings.workspaces["main"].api_key, settings.web.read_token]
        named = [str(key.path) for key in keys if isinstance(key, FileKey)]
        assert named == [f"/run/secrets/{name}" for name in OURS["secrets"]]

    def test_what_the_daemon_writes_is_on_the_volume_that_the_image_makes_for_its_user(
        self, settings: Settings
    ) -> None:
        [kept] = mounts(OURS, "volume")
        assert settings.store.startswith(f"sqlite:///{kept}/")
        assert settings.control.is_relative_to(kept)
        assert f"--owner 64642 --group 64642 {kept}\n" in CONTAINERFILE

    def test_its_listener_is_published_to_this_machine_and_changes_nothing(self, settings: Settings) -> None:
        port = re.findall(r"^EXPOSE (\d+)$", CONTAINERFILE, re.MULTILINE)
        assert OURS["ports"] == [f"127.0.0.1:{port[0]}:{port[0]}"]
        assert settings.listen == ("0.0.0.0", int(port[0]))  # noqa: S104 - what it says in its file
        assert settings.web.write_token is None


class TestPrometheus:
    """What it is told."""

    CONFIG: Any = YAML(typ="safe").load(FOLDER / "prometheus" / "prometheus.yml")

    def test_it_finds_the_daemon_by_its_name_and_has_the_token(self, settings: Settings) -> None:
        [scrape] = self.CONFIG["scrape_configs"]
        [[target]] = [each["targets"] for each in scrape["static_configs"]]
        name, port = target.split(":")
        assert name in COMPOSE["services"]
        assert name in settings.web.hosts
        assert OURS["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert scrape["authorization"]["credentials_file"] == f"/run/secrets/{THEIRS['secrets'][0]}"
        [other] = YAML(typ="safe").load(DEPLOY / "prometheus" / "scrape.yaml")["scrape_configs"]
        assert (scrape["job_name"], scrape["scrape_interval"]) == (other["job_name"], other["scrape_interval"])

    @needs_promtool
    def test_its_files_are_right_by_its_own_checker(self, tmp_path: Path) -> None:
        text = (FOLDER / "prometheus" / "prometheus.yml").read_text()
        (tmp_path / "token").write_text("a token")
        for target, source in mounts(THEIRS, "bind").items():
            text = text.replace(f"[{target}/", f"[{(FOLDER / source).resolve()}/")
        (tmp_path / "prometheus.yml").write_text(text.replace(f"/run/secrets/{THEIRS['secrets'][0]}", "token"))
        promtool("check", "config", tmp_path / "prometheus.yml")
        config = next(each for each in THEIRS["command"] if each.startswith("--config.file="))
        assert config == f"--config.file={next(iter(mounts(THEIRS, 'bind')))}/prometheus.yml"


def test_the_readme_makes_each_secret_for_the_user_of_its_container() -> None:
    files = {each["file"].removeprefix("./") for each in COMPOSE["secrets"].values()}
    owners = {
        path: owner
        for owner, paths in re.findall(r"^chown (\d+):\1 (.*)$", block("secrets/read-token"), re.MULTILINE)
        for path in paths.split()
    }
    assert owners.keys() == files
    assert {owners[f"secrets/{name}"] for name in OURS["secrets"]} == {"64642"}
    assert {owners[f"secrets/{name}"] for name in THEIRS["secrets"]} == {"65534"}  # the image's own
    assert "/deploy/container/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_readme_s_commands_are_for_services_that_there_are() -> None:
    assert len(commands()) > 8
    for line in commands():
        named = [word for word in line.split() if word == "campaign-controller" or word in COMPOSE["services"]]
        assert named or line.split()[0] in ("up", "down", "ps"), line


def test_both_kinds_of_builders_are_kept_from_all_but_what_is_copied() -> None:
    ignore = (ROOT / ".containerignore").read_text()
    assert (ROOT / ".dockerignore").read_text() == ignore
    allowed = {line[1:] for line in ignore.splitlines() if line.startswith("!")}
    copied = {
        word for line in re.findall(r"^COPY (?!--)(.*) \S+$", CONTAINERFILE, re.MULTILINE) for word in line.split()
    }
    assert "\n*\n" in ignore
    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)
