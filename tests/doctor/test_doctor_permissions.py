import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.doctor.check import Check, Verdict
from controller.doctor.groups import given_to_us_alone
from controller.doctor.permissions import check_folders, check_key_files, check_writers
from controller.settings import Settings
from tests.e2e.config_map import ConfigMapMount

URL = "https://api.example.com/api"
POD = 64642
DAEMON = 1
"""A user and its group on every Linux."""


def told(checks: list[Check]) -> list[tuple[Verdict, str]]:
    return [(check.verdict, check.seen) for check in checks]


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o604, 0o620, 0o602])
def test_a_key_file_that_others_may_read_or_write_is_refused(
    settings_with: Callable[..., Settings], tmp_path: Path, mode: int
) -> None:
    (tmp_path / "key").write_text("k")
    (tmp_path / "key").chmod(mode)
    [check] = check_key_files(settings_with(main=(URL, "{file: key}")))
    assert (check.about, check.verdict) == ("main", Verdict.FAIL)
    assert check.seen.endswith(f"key may be read or written by others than its owner (mode {mode:04o})")
    assert check.todo.startswith(f"chmod 600 {tmp_path}/key")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o710])
def test_a_key_file_of_its_owner_alone_is_fine(
    settings_with: Callable[..., Settings], tmp_path: Path, mode: int
) -> None:
    (tmp_path / "key").write_text("k")
    (tmp_path / "key").chmod(mode)
    assert told(check_key_files(settings_with(main=(URL, "{file: key}")))) == [
        (Verdict.OK, f"{tmp_path}/key is its owner's alone (mode {mode:04o})")
    ]


@pytest.fixture
def as_a_pod(open_folder: Path) -> Iterator[Path]:
    """An open folder of root's, seen by a user and a group that no list of the machine names."""
    if os.geteuid() != 0:
        pytest.skip("only root gives a file to another group, and becomes somebody else")
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(POD)
    os.seteuid(POD)
    yield open_folder
    os.seteuid(0)
    os.setegid(0)
    os.setgroups(groups)


def given(file: Path, owner: int, group: int, mode: int) -> None:
    """What root does, seen by a process that has become somebody else."""
    us = os.geteuid()
    os.seteuid(0)
    file.write_text("k")
    os.chown(file, owner, group)
    file.chmod(mode)
    os.seteuid(us)


@pytest.mark.parametrize(
    ("owner", "group", "mode", "verdict"),
    [
        (0, POD, 0o440, Verdict.OK),  # as the kubelet mounts a Secret where the pod has an fsGroup
        (0, POD, 0o640, Verdict.OK),
        (0, POD, 0o460, Verdict.FAIL),
        (0, POD, 0o444, Verdict.FAIL),
        (0, POD, 0o442, Verdict.FAIL),
        (0, 0, 0o440, Verdict.FAIL),  # root's group, which we are not in
        (POD, POD, 0o400, Verdict.OK),
        (POD, POD, 0o440, Verdict.FAIL),  # we need no group to read a file of our own
    ],
)
def test_the_group_may_read_a_key_where_that_is_how_we_alone_are_let_in(
    settings_with: Callable[..., Settings], as_a_pod: Path, owner: int, group: int, mode: int, verdict: Verdict
) -> None:
    given(as_a_pod / "key", owner, group, mode)
    os.seteuid(0)
    settings = settings_with(main=(URL, f"{{file: {as_a_pod / 'key'}}}"))
    os.seteuid(POD)
    [check] = check_key_files(settings)
    assert check.verdict is verdict, check
    if verdict is Verdict.OK and mode & 0o040:
        assert check.seen == f"{as_a_pod}/key is its owner's and our own group's alone (mode {mode:04o})"


def test_a_supplementary_group_counts_as_ours_and_one_with_other_members_does_not(as_a_pod: Path) -> None:
    key = as_a_pod / "key"
    given(key, 0, POD + 1, 0o440)
    assert not given_to_us_alone(key.stat())
    os.seteuid(0)
    os.setgroups([POD + 1, DAEMON])
    os.seteuid(POD)
    assert given_to_us_alone(key.stat())
    given(key, 0, DAEMON, 0o440)
    assert not given_to_us_alone(key.stat()), "the user `daemon` may read it too"


def test_the_file_of_a_token_is_looked_at_as_that_of_a_key(
    settings_with: Callable[..., Settings], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "token").chmod(0o644)
    web = "web: {read_token: {file: token}, write_token: {file: nowhere}}"
    [check] = check_key_files(settings_with(web, main=(URL, "{env: STAGE_KEY}")))
    assert (check.about, check.verdict) == ("read token", Verdict.FAIL)


def test_the_file_counts_and_not_a_link_to_it(settings_with: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "real").write_text("k")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "key").symlink_to("real")
    settings = settings_with(main=(URL, "{file: key}"))
    assert [check.verdict for check in check_key_files(settings)] == [Verdict.OK]
    (tmp_path / "real").chmod(0o644)
    assert [check.verdict for check in check_key_files(settings)] == [Verdict.FAIL]


def test_a_key_in_the_environment_has_no_file_and_a_missing_file_is_the_key_s_own_matter(
    settings_with: Callable[..., Settings],
) -> None:
    settings = settings_with(a=(URL, "{env: STAGE_KEY}"), b=(URL, "{file: nowhere}"))
    assert check_key_files(settings) == []


def test_credentials_need_their_folder(
    settings_with: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(main=(URL, "{credential: vogent}"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert told(check_key_files(settings)) == [(Verdict.FAIL, "CREDENTIALS_DIRECTORY is not set")]
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "none"))
    [check] = check_key_files(settings)
    assert (check.verdict, check.seen) == (Verdict.FAIL, f"the credentials' folder {tmp_path}/none is not there")
    assert "LoadCredential=vogent:PATH" in check.todo
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert told(check_key_files(settings)) == [(Verdict.OK, f"credentials are in {tmp_path}")]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A configuration with two rules files, nobody else's to write."""
    folder = tmp_path / "etc"
    paths = {
        "folder": folder,
        "rules": folder / "rules",
        "config": folder / "controller.yaml",
        "a": folder / "rules" / "a.yaml",
        "b": folder / "rules" / "b.yaml",
    }
    for name, path in paths.items():
        if name in ("folder", "rules"):
            path.mkdir(mode=0o755)
        else:
            path.write_text("")
            path.chmod(0o664)
    return paths


def test_what_owner_and_group_write_is_fine(files: dict[str, Path]) -> None:
    [check] = check_writers(files["config"], files["rules"])
    assert check.verdict is Verdict.OK


@pytest.mark.parametrize("name", ["folder", "rules", "config", "a", "b"])
def test_what_everybody_may_write_is_named_with_how_to_close_it(files: dict[str, Path], name: str) -> None:
    files[name].chmod(files[name].stat().st_mode | 0o002)
    [check] = check_writers(files["config"], files["rules"])
    assert (check.verdict, check.about) == (Verdict.WARN, str(files[name]))
    assert check.seen.startswith("everybody on this machine may write it (mode 0")
    assert check.todo == f"chmod o-w {files[name]}"


def test_in_a_sticky_folder_no_file_is_replaced_but_rules_are_added(files: dict[str, Path]) -> None:
    files["folder"].chmod(0o1777)
    assert [check.verdict for check in check_writers(files["config"], files["rules"])] == [Verdict.OK]
    files["rules"].chmod(0o1777)
    assert [check.about for check in check_writers(files["config"], files["rules"])] == [str(files["rules"])]


LOOK = """\
import sys
from pathlib import Path
from controller.doctor.permissions import check_writers
for check in check_writers(Path(sys.argv[1]), Path(sys.argv[2])):
    print(check.verdict.value, check.about)
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root mounts, and `unshare` keeps that apart"
)
def test_what_is_mounted_read_only_is_nobody_s_to_write_whatever_its_mode(tmp_path: Path) -> None:
    mount = ConfigMapMount(tmp_path / "rules", {"a.yaml": "calendars: {}"})
    mount.write({"a.yaml": "campaigns: {}"})
    (tmp_path / "rules").chmod(0o2777)
    (tmp_path / "config").mkdir(mode=0o755)
    look = f"exec {sys.executable} -c '{LOOK}' config/controller.yaml rules"
    bound = "mount --bind rules rules && mount -o remount,bind,ro rules"
    writable = "mount --bind rules rules"
    said = {}
    for how in (bound, writable):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f"{how} && {look}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode and "permission denied" in done.stderr.lower():
            pytest.skip(f"nothing may be mounted here: {done.stderr}")
        assert done.returncode == 0, done.stderr
        said[how] = done.stdout.splitlines()
    assert said == {bound: ["ok configuration and rules"], writable: [f"warn {tmp_path}/rules"]}


def test_files_that_are_not_there_are_nobody_s_to_write(tmp_path: Path) -> None:
    [check] = check_writers(tmp_path / "none.yaml", tmp_path / "rules")
    assert check.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("mode", "verdict", "seen"),
    [
        (0o700, Verdict.OK, "is closed to others"),
        (0o750, Verdict.OK, "is closed to others"),
        (0o755, Verdict.WARN, "everybody on this machine may enter"),
        (0o777, Verdict.WARN, "everybody on this machine may write in"),
    ],
)
def test_the_folder_of_store_and_socket_is_closed_to_others(
    settings_with: Callable[..., Settings], tmp_path: Path, mode: int, verdict: Verdict, seen: str
) -> None:
    settings = settings_with(main=(URL, "{env: STAGE_KEY}"))
    (tmp_path / "var").mkdir()
    (tmp_path / "var").chmod(mode)
    [check] = check_folders(settings)
    assert (check.about, check.verdict) == ("store and control socket", verdict)
    assert seen in check.seen


def test_two_folders_are_two_checks_and_one_that_is_not_there_will_be_made_closed(
    settings_with: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = settings_with("control: run/control.sock", main=(URL, "{env: STAGE_KEY}"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o755)
    store, control = check_folders(settings)
    assert (store.about, store.verdict) == ("store", Verdict.OK)
    assert store.seen == f"{tmp_path}/var is not there yet; the daemon makes it for its user alone"
    assert (control.about, control.verdict) == ("control socket", Verdict.WARN)
