from collections.abc import Callable
from pathlib import Path

import pytest

from controller.doctor.check import Check, Verdict
from controller.doctor.permissions import check_folders, check_key_files, check_writers
from controller.settings import Settings

URL = "https://api.example.com/api"


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
