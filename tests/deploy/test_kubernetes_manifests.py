"""deploy/kubernetes: every manifest is valid, and they fit each other and what is written elsewhere."""

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from click.testing import CliRunner
from kubernetes_validate.utils import latest_version
from ruamel.yaml import YAML

from controller import __version__
from controller.cli.main import main
from controller.settings import FileKey, KeyUnreadable, load_settings
from tests.deploy.documented import DEPLOY
from tests.deploy.manifests import FOLDER, Manifest, built, needs_kubectl, one, read, written
from tests.deploy.operator_schema import SCHEMAS, check

MANIFESTS = [manifest for _path, manifest in written()]
KINDS = [manifest["kind"] for manifest in MANIFESTS]
OLDEST = "1.29"
"""The first one in which all that we use is stable, ReadWriteOncePod last."""
PLACE = "/etc/campaign-controller"


def validated(manifest: Manifest, version: str) -> None:
    """Hold a manifest against what is published for its kind. Raises a ValidationError of jsonschema."""
    if manifest["kind"] in SCHEMAS:
        check(manifest)
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


def pod() -> dict[str, Any]:
    found: dict[str, Any] = one(MANIFESTS, "Deployment")["spec"]["template"]
    return found


def container() -> dict[str, Any]:
    [found] = pod()["spec"]["containers"]
    return dict(found)


def mounted() -> dict[str, dict[str, Any]]:
    """The volumes by where they are mounted."""
    volumes = {each["name"]: each for each in pod()["spec"]["volumes"]}
    return {mount["mountPath"]: volumes[mount["name"]] for mount in container()["volumeMounts"]}


@pytest.mark.parametrize("version", [OLDEST, latest_version()])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=KINDS)
def test_every_manifest_is_valid_by_the_published_schemas(manifest: Manifest, version: str) -> None:
    validated(manifest, version)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=KINDS)
def test_a_misspelt_field_would_be_seen(manifest: Manifest) -> None:
    wrong = copy.deepcopy(manifest)
    part = wrong.get("spec", wrong)
    part["misspelt"] = 1
    with pytest.raises(jsonschema.ValidationError):
        validated(wrong, OLDEST)


def test_every_kind_that_is_needed_is_there_once() -> None:
    assert sorted(KINDS) == [
        "Deployment", "NetworkPolicy", "PersistentVolumeClaim", "PrometheusRule", "Secret", "Service", "ServiceMonitor",
    ]  # fmt: skip
    assert all("namespace" not in manifest["metadata"] for manifest in MANIFESTS)


def test_the_pod_may_do_nothing_that_the_daemon_does_not_need() -> None:
    assert pod()["spec"]["securityContext"]["runAsNonRoot"]
    assert pod()["spec"]["securityContext"]["runAsUser"] == pod()["spec"]["securityContext"]["fsGroup"] > 1000
    assert pod()["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod()["spec"]["automountServiceAccountToken"]
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip


def test_never_two_pods_run() -> None:
    spec = one(MANIFESTS, "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert one(MANIFESTS, "PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_the_probes_ask_for_life_and_readiness_where_the_daemon_listens() -> None:
    asked = {name: each["httpGet"] for name, each in container().items() if name.endswith("Probe")}
    assert asked == {
        "startupProbe": {"path": "/healthz", "port": "http"},
        "livenessProbe": {"path": "/healthz", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
    }
    listen = read(FOLDER / "service" / "controller.yaml")["listen"]
    assert container()["ports"] == [{"name": "http", "containerPort": int(listen.split(":")[1]), "protocol": "TCP"}]


def test_no_volume_is_mounted_by_sub_path_since_no_change_would_arrive_there() -> None:
    assert not [mount for mount in container()["volumeMounts"] if "subPath" in mount or "subPathExpr" in mount]


def test_what_selects_the_pod_selects_it() -> None:
    labels = pod()["metadata"]["labels"]
    assert one(MANIFESTS, "Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert one(MANIFESTS, "Service")["spec"]["selector"] == labels
    assert one(MANIFESTS, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    assert one(MANIFESTS, "ServiceMonitor")["spec"]["selector"]["matchLabels"] == labels
    assert one(MANIFESTS, "Service")["metadata"]["labels"] == labels


def test_the_service_and_its_monitor_lead_to_the_listener() -> None:
    [port] = one(MANIFESTS, "Service")["spec"]["ports"]
    [endpoint] = one(MANIFESTS, "ServiceMonitor")["spec"]["endpoints"]
    assert (port["targetPort"], endpoint["port"]) == (container()["ports"][0]["name"], port["name"])
    [scrape] = YAML(typ="safe").load(DEPLOY / "prometheus" / "scrape.yaml")["scrape_configs"]
    assert endpoint["interval"] == scrape["scrape_interval"]
    secret = one(MANIFESTS, "Secret")
    token = endpoint["authorization"]["credentials"]
    assert token["name"] == secret["metadata"]["name"]
    assert token["key"] in secret["stringData"]


def test_placeholders_are_never_applied_with_the_rest_and_are_refused_as_keys(tmp_path: Path) -> None:
    assert "secret.yaml" not in read(FOLDER / "kustomization.yaml")["resources"]
    secret = one(MANIFESTS, "Secret")
    assert mounted()[f"{PLACE}/secrets"]["secret"]["secretName"] == secret["metadata"]["name"]
    for name, value in secret["stringData"].items():
        (tmp_path / name).write_text(value)
        with pytest.raises(KeyUnreadable, match="holds spaces"):
            FileKey(tmp_path / name).read()


def test_the_rules_and_alerts_are_the_ones_of_the_other_folders() -> None:
    ours = FOLDER / "rules" / "us-renewals.yaml"
    assert ours.read_text() == (DEPLOY.parent / "config" / "rules" / "us-renewals.yaml").read_text()
    alerts = (DEPLOY / "prometheus" / "alerts.yaml").read_text()
    text = "".join(
        f"  {line}" if line.strip() else line for line in re.split(r"(?<=\n)", alerts[alerts.index("groups:") :])
    )
    rule = (FOLDER / "monitoring" / "prometheus-rule.yaml").read_text()
    assert rule[rule.index("\nspec:\n") + len("\nspec:\n") :] == text.rstrip(" "), "run `make prometheus-rule`"


def test_every_file_of_the_rules_folder_is_in_the_config_map() -> None:
    generators = {each["name"]: each for each in read(FOLDER / "kustomization.yaml")["configMapGenerator"]}
    rules = generators["campaign-controller-rules"]
    assert rules["files"] == [f"rules/{path.name}" for path in sorted((FOLDER / "rules").iterdir())]
    assert rules["options"] == {"disableNameSuffixHash": True}


class TestTheServiceSFile:
    """As the container finds it."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        made = tmp_path / "place"
        shutil.copytree(FOLDER / "service", made / "config")
        shutil.copytree(FOLDER / "rules", made / "rules")
        return made

    def test_it_is_right_and_so_are_the_rules(self, place: Path) -> None:
        done = CliRunner().invoke(main, ["check", "--config", str(place / "config" / "controller.yaml")])
        assert done.exit_code == 0, done.output

    def test_it_names_what_is_mounted(self, place: Path) -> None:
        settings = load_settings(place / "config" / "controller.yaml")
        volumes = mounted()
        assert settings.rules.resolve() == place / "rules"
        assert volumes[f"{PLACE}/rules"]["configMap"]["name"] == "campaign-controller-rules"
        assert volumes[f"{PLACE}/config"]["configMap"]["name"] == "campaign-controller-service"
        assert container()["workingDir"] == PLACE
        keys = [settings.workspaces["main"].api_key, settings.web.read_token]
        found = [key.path.resolve() for key in keys if isinstance(key, FileKey)]
        assert found == [place / "secrets" / name for name in one(MANIFESTS, "Secret")["stringData"]]

    def test_what_the_daemon_writes_is_on_the_persistent_volume(self, place: Path) -> None:
        settings = load_settings(place / "config" / "controller.yaml")
        [kept] = [where for where, volume in mounted().items() if "persistentVolumeClaim" in volume]
        assert settings.store.startswith(f"sqlite:///{kept}/")
        assert settings.control.is_relative_to(kept)

    def test_it_may_be_called_by_the_service_s_name_and_is_read_with_a_token(self, place: Path) -> None:
        settings = load_settings(place / "config" / "controller.yaml")
        assert one(MANIFESTS, "Service")["metadata"]["name"] in settings.web.hosts
        assert settings.web.read_token is not None
        assert settings.web.write_token is None


@needs_kubectl
class TestWhatKustomizeBuilds:
    def test_all_of_it_is_valid(self) -> None:
        for manifest in built():
            validated(manifest, OLDEST)
        for manifest in built(FOLDER / "monitoring"):
            validated(manifest, OLDEST)

    def test_it_has_each_file_but_the_secret(self) -> None:
        kinds = [manifest["kind"] for manifest in [*built(), *built(FOLDER / "monitoring")]]
        assert sorted({*kinds} - {"ConfigMap"}) == sorted({*KINDS} - {"Secret"})

    def test_the_pod_finds_its_config_maps_and_the_image_of_this_version(self) -> None:
        everything = built()
        spec = one(everything, "Deployment")["spec"]["template"]["spec"]
        named = {each["configMap"]["name"] for each in spec["volumes"] if "configMap" in each}
        assert named == {each["metadata"]["name"] for each in everything if each["kind"] == "ConfigMap"}
        assert spec["containers"][0]["image"] == f"campaign-controller:{__version__}"

    def test_a_change_of_the_service_s_file_restarts_the_pod_and_one_of_the_rules_does_not(
        self, tmp_path: Path
    ) -> None:
        changed = shutil.copytree(FOLDER, tmp_path / "kubernetes")
        before = one(built(changed), "Deployment")
        for path in (changed / "rules").iterdir():
            path.write_text(path.read_text() + "\n# changed\n")
        assert one(built(changed), "Deployment") == before
        service = changed / "service" / "controller.yaml"
        service.write_text(service.read_text() + "\n# changed\n")
        assert one(built(changed), "Deployment") != before
