"""The service's own file, and where it says that API keys are."""

from pathlib import Path

import pytest

from controller.rules.problem import RulesError
from controller.settings import (
    CredentialKey,
    EnvKey,
    FileKey,
    KeyUnreadable,
    LogSettings,
    Settings,
    WorkspaceSettings,
    load_settings,
)

CONFIG = Path(__file__).parents[1] / "config"
CANARY = "sk-canary-0123456789"


def load(folder: Path, text: str) -> Settings:
    file = folder / "controller.yaml"
    file.write_text(text)
    return load_settings(file)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load(folder, text)
    return [str(problem).removeprefix(f"{folder}/controller.yaml:") for problem in caught.value.problems]


def workspace(line: str) -> str:
    return f"workspaces:\n  main:\n    base_url: https://h\n    api_key: {{env: KEY}}\n    {line}\n"


SMALLEST = "workspaces: {main: {base_url: 'https://h/api/', api_key: {env: KEY}}}\n"


def test_the_sample_file_says_what_the_service_is_to_do() -> None:
    settings = load_settings(CONFIG / "controller.yaml")
    assert settings == Settings(
        workspaces={
            "main": WorkspaceSettings("main", "https://api.vogent.ai/api", EnvKey("VOGENT_API_KEY"), 100, 10, 15),
        },
        rules=CONFIG / "rules",
        resync=30,
        store=f"sqlite:///{CONFIG}/var/controller.db",
        control=CONFIG / "var/control.sock",
        listen=("127.0.0.1", 8642),
        log=LogSettings("auto", "info"),
    )


def test_all_but_the_workspaces_has_defaults_that_count_from_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALLEST)
    assert settings.workspaces["main"] == WorkspaceSettings("main", "https://h/api", EnvKey("KEY"), 100, 10, 15)
    assert (settings.rules, settings.resync, settings.listen) == (tmp_path / "rules", 30, ("127.0.0.1", 8642))
    assert settings.store == f"sqlite:///{tmp_path}/var/controller.db"
    assert settings.control == tmp_path / "var/control.sock"
    assert settings.log == LogSettings("auto", "info")


def test_relative_paths_count_from_a_file_that_is_named_relatively(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/c.yaml").write_text(SMALLEST + "rules: ../r\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings(Path("conf/c.yaml")).rules == tmp_path / "conf" / "../r"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALLEST + "rules: /r\nstore: sqlite:////s/x.db\ncontrol: /c\n")
    assert (settings.rules, settings.store, settings.control) == (Path("/r"), "sqlite:////s/x.db", Path("/c"))


@pytest.mark.parametrize(
    "url",
    ["https://h:8443/a", "http://localhost:1", "http://127.0.0.9", "http://[::1]:80/api", "HTTPS://h"],
)
def test_https_and_loopback_are_base_urls(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, SMALLEST.replace("https://h/api/", url)).workspaces["main"].base_url == url


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("0.0.0.0:80", ("0.0.0.0", 80)),  # noqa: S104 - text only
        ("'[::1]:0'", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("off", None),
        ("'off'", None),
    ],
)
def test_an_address_to_listen_on_is_host_and_port_or_off(
    tmp_path: Path, listen: str, address: tuple[str, int] | None
) -> None:
    assert load(tmp_path, f"{SMALLEST}listen: {listen}\n").listen == address


URL = "write one such as https://api.vogent.ai/api"
KEY = "write {env: NAME}, {file: PATH} or {credential: NAME}, never the key itself"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "# nothing\n",
            (
                "1:1: an empty value is not a mapping, "
                "write a mapping with workspaces, rules, resync, store, control, listen, web, log, webhooks"
            ),
        ),
        (
            "- x\n",
            (
                "1:1: a list is not a mapping, "
                "write a mapping with workspaces, rules, resync, store, control, listen, web, log, webhooks"
            ),
        ),
        ("rules: r\n", "1:1: workspaces: is missing, write names with their base_url and api_key"),
        ("workspaces: {}\n", "1:13: workspaces: it is empty, write names with their base_url and api_key"),
        ("workspaces: {main: {api_key: {env: K}}}\n", f"1:14: workspaces.main.base_url: is missing, {URL}"),
        ("workspaces: {main: {base_url: https://h}}\n", f"1:14: workspaces.main.api_key: is missing, {KEY}"),
        (
            workspace("max_concurency: 5"),
            "5:5: workspaces.main.max_concurency: unknown key, did you mean 'max_concurrency'?",
        ),
        (
            workspace("max_concurrency: 0"),
            "5:22: workspaces.main.max_concurrency: 0 is out of range, write a whole number from 1 to 1000",
        ),
        (
            workspace("max_concurrency: 1001"),
            "5:22: workspaces.main.max_concurrency: 1001 is out of range, write a whole number from 1 to 1000",
        ),
        (
            workspace("max_concurrency: true"),
            "5:22: workspaces.main.max_concurrency: true is not a whole number, write a whole number from 1 to 1000",
        ),
        (
            workspace("request_timeout: 10"),
            "5:22: workspaces.main.request_timeout: 10 has no unit, write 10s, 10m or 10h",
        ),
        (
            workspace("verify_within: 0s"),
            "5:20: workspaces.main.verify_within: 0s is no time at all, write at least 1s",
        ),
        (
            SMALLEST.replace("main", "a/b"),
            (
                "1:14: workspaces.a/b: it is no workspace's name, "
                "write at most 63 letters, digits, dots, dashes and underscores"
            ),
        ),
        (SMALLEST + "resync: 1\n", "2:9: resync: 1 has no unit, write 1s, 1m or 1h"),
        (SMALLEST + "rules:\n", "2:1: rules: an empty value is not text, write one word or a text in quotes"),
        (
            SMALLEST + "store: postgresql://u@h/d\n",
            "2:8: store: postgresql:// is not available yet, write sqlite:///PATH",
        ),
        (
            SMALLEST + "store: sqlite://x.db\n",
            "2:8: store: it is not the URL of a SQLite file, write sqlite:///PATH with three slashes before PATH",
        ),
        (
            SMALLEST + "store: 'sqlite:///:memory:'\n",
            "2:8: store: it is not the URL of a SQLite file, write sqlite:///PATH with three slashes before PATH",
        ),
        (
            SMALLEST + "store: sqlite:///x.db?mode=ro\n",
            "2:8: store: a store takes no options, and no ? in its path; write sqlite:///PATH",
        ),
        (
            SMALLEST + f"control: /{'x' * 107}\n",
            "2:10: control: the socket's whole path has 108 bytes, choose one of at most 107",
        ),
        (
            SMALLEST + "listen: 127.0.0.1\n",
            "2:9: listen: '127.0.0.1' is not an address, write HOST:PORT such as 127.0.0.1:8642 or [::1]:8642, or off",
        ),
        (
            SMALLEST + "listen: localhost:65536\n",
            (
                "2:9: listen: 'localhost:65536' is not an address, "
                "write HOST:PORT such as 127.0.0.1:8642 or [::1]:8642, or off"
            ),
        ),
        (
            SMALLEST + "log: {format: xml}\n",
            "2:15: log.format: 'xml' is not a choice here, write auto, json or console",
        ),
        (
            SMALLEST + "log: {level: 5}\n",
            "2:14: log.level: 5 is not a choice here, write debug, info, warning or error",
        ),
        (
            SMALLEST + "log:\n",
            "2:1: log: an empty value is not a mapping, write a mapping such as {format: auto, level: info}",
        ),
        (SMALLEST + "rules: &a r\n", "2:8: rules: anchors (&a) are not allowed, remove it"),
    ],
)
def test_a_slip_is_told_with_its_place_and_what_would_be_right(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://h/api", "'http://h/api' is not https, {}; http is for loopback hosts only"),
        ("http://10.0.0.1", "'http://10.0.0.1' is not https, {}; http is for loopback hosts only"),
        ("http://[::2]", "'http://[::2]' is not https, {}; http is for loopback hosts only"),
        ("http://localhost.evil", "'http://localhost.evil' is not https, {}; http is for loopback hosts only"),
        ("ftp://localhost", "'ftp://localhost' is not https, {}; http is for loopback hosts only"),
        ("api.vogent.ai", "'api.vogent.ai' is not a URL, {}"),
        ("https://h:99999", "'https://h:99999' is not a URL, {}"),
        ("https://[h", "'https://[h' is not a URL, {}"),
        ("https://h/a b", "'https://h/a b' is not a URL, {}"),
        ("https://u:pw@h", "a base URL holds no user, password, query or fragment, {}"),
        ("https://h?k=v", "a base URL holds no user, password, query or fragment, {}"),
        ("https://h#f", "a base URL holds no user, password, query or fragment, {}"),
    ],
)
def test_no_other_url_may_receive_the_key(tmp_path: Path, url: str, wrong: str) -> None:
    (found,) = problems(tmp_path, SMALLEST.replace("https://h/api/", url))
    assert found == f"1:31: workspaces.main.base_url: {wrong.format(URL)}"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "workspaces: {a: {base_url: x, api_key: y, z: 1}}\nresync: 1\nlisten: 5\nlisten: 6\n")
    assert [line.split(" ")[0] for line in found] == ["1:28:", "1:40:", "1:43:", "2:9:", "3:9:", "4:1:"]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(RulesError) as caught:
        load_settings(tmp_path / "none.yaml")
    wrong = "the file cannot be read: No such file or directory; write it or name another with --config"
    assert str(caught.value) == f"{tmp_path}/none.yaml: {wrong}"


def test_a_file_that_is_no_yaml_is_a_problem(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "workspaces: [")
    assert found.startswith("1:14: not valid YAML")


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        f"{{{CANARY}}}",
        f"{{{CANARY}: x}}",
        f"{{env: {CANARY}}}",
        f"{{env: X, {CANARY}: Y}}",
        f"{{file: &a X, file: {CANARY}}}",
        f"{{credential: ../{CANARY}}}",
        f"[{CANARY}]",
        f"{{file: [{CANARY}]}}",
        f"{{env: {{{CANARY}}}}}",
    ],
)
def test_a_key_that_was_written_into_the_file_is_never_repeated(tmp_path: Path, written: str) -> None:
    found = problems(tmp_path, f"workspaces: {{main: {{base_url: https://h, api_key: {written}}}}}\n")
    assert found
    assert all("workspaces.main.api_key: " in line and KEY in line for line in found)
    assert CANARY not in "".join(found)


def source(folder: Path, written: str) -> EnvKey | FileKey | CredentialKey:
    return load(folder, SMALLEST.replace("{env: KEY}", written)).workspaces["main"].api_key


def test_a_key_is_read_afresh_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = source(tmp_path, "{env: CONTROLLER_TEST_KEY}")
    monkeypatch.setenv("CONTROLLER_TEST_KEY", f" {CANARY}\n")
    assert key.read() == CANARY
    monkeypatch.setenv("CONTROLLER_TEST_KEY", "other")
    assert key.read() == "other"
    monkeypatch.delenv("CONTROLLER_TEST_KEY")
    with pytest.raises(
        KeyUnreadable, match=r"^the environment variable CONTROLLER_TEST_KEY is not set, set it to the API"
    ):
        key.read()


def test_a_key_is_read_afresh_from_a_file_next_to_the_settings(tmp_path: Path) -> None:
    key = source(tmp_path, "{file: secrets/key}")
    with pytest.raises(KeyUnreadable, match=r"secrets/key cannot be read: No such file or directory$"):
        key.read()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/key").write_text(f"{CANARY}\n")
    assert key.read() == CANARY
    (tmp_path / "secrets/key").write_text("other")
    assert key.read() == "other"


def test_a_key_is_read_from_the_credentials_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = source(tmp_path, "{credential: vogent.key}")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(KeyUnreadable, match="CREDENTIALS_DIRECTORY is not set, run under systemd"):
        key.read()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeyUnreadable, match=r"^the credential vogent\.key cannot be read"):
        key.read()
    (tmp_path / "vogent.key").write_text(CANARY)
    assert key.read() == CANARY


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "is empty, it should hold the API key"),
        (b" \n\t", "is empty, it should hold the API key"),
        (f"{CANARY} {CANARY}".encode(), "holds spaces, line breaks or unusual characters"),
        (f"{CANARY}\r\nX: y".encode(), "holds spaces, line breaks or unusual characters"),
        (f"{CANARY}\x7f{CANARY}".encode(), "holds spaces, line breaks or unusual characters"),
        (f"{CANARY}ä".encode(), "holds spaces, line breaks or unusual characters"),
        (CANARY.encode() + b"\xff", "holds spaces, line breaks or unusual characters"),
        (CANARY.encode() * 1000, "is too large to be an API key"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_showing_it(tmp_path: Path, content: bytes, wrong: str) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(KeyUnreadable, match=wrong) as caught:
        source(tmp_path, "{file: key}").read()
    assert CANARY not in repr(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_no_key_is_in_the_repr_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", CANARY)
    settings = load(tmp_path, SMALLEST)
    assert settings.workspaces["main"].api_key.read() == CANARY
    assert CANARY not in repr(settings)
