import asyncio
from http.cookies import SimpleCookie

import pytest

from controller.web import refusals, sessions
from controller.web.sessions import COOKIE
from tests.page.browser import Browser
from tests.web.daemon_stage import READ, WRITE, DaemonStage, opened

STOP = {"scope": "everything", "reason": "storm", "span": ""}


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "FREE", 100)


async def incidents(stage: DaemonStage) -> list[str]:
    found = (await stage.get("/api/v1/incidents", headers={"Authorization": f"Bearer {READ}"})).json
    return [each["incident"] for each in found if each["source"] != "rules"]


async def test_without_signing_in_the_page_only_shows(served: DaemonStage, browser: Browser) -> None:
    for path in ("/stop", "/jobs/main/east", "/jobs/main/east/release"):
        page = await browser.get(path)
        assert not [each for each in page.tree.all("form", method="post") if each.attrs["action"] != "/signin"]
    assert "You only look. Sign in to change something." in (await browser.get("/stop")).main.text
    for path in ("/stop", "/stop/incident-1/close", "/jobs/main/east/hold", "/jobs/main/east/release", "/signout"):
        answer = await browser.send(path, STOP)
        assert (answer.status, "sign in first" in answer.main.text) == (401, True), path
    assert await incidents(served) == []
    assert not served.daemon._running.view.ledger.holds  # type: ignore[union-attr]


async def test_signing_in_with_the_write_token_leads_back_and_shows_the_name(browser: Browser) -> None:
    await browser.get("/stop")
    page = await browser.submit(await browser.get("/signin?then=%2Fstop"), "/signin", name=" Ann  Lee ", token=WRITE)
    assert page.tree.one("h1").text == "Stop"
    assert page.tree.one("div", class_="visitor").text == "Ann Lee Sign out"
    assert page.tree.one("form", action="/stop")


async def test_the_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(browser: Browser) -> None:
    fields = {"name": "Ann", "token": WRITE, "then": "/"}
    plain = await browser.send("/signin", fields)
    (cookie,) = SimpleCookie(plain.headers["Set-Cookie"]).values()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert not cookie["secure"]
    assert len(cookie.value) > 40
    assert WRITE not in plain.headers["Set-Cookie"]


async def test_behind_a_proxy_that_ends_tls_the_cookie_is_secure() -> None:
    async with opened("web: {write_token: {file: write}, hosts: [dialer.example]}") as stage:
        await stage.start()
        browser = Browser(stage)
        fields = {"name": "Ann", "token": WRITE, "then": "/"}
        answer = await browser.send("/signin", fields, Origin="https://dialer.example", Host="dialer.example")
        await browser.close()
        assert "; Secure" in answer.headers["Set-Cookie"]


async def test_a_wrong_token_is_refused_and_what_was_typed_stays_but_the_token(browser: Browser) -> None:
    page = await browser.sign_in(name="Ann", token="wrong-token-0123456789")
    assert page.status == 403
    assert "You are not signed in. This token is none that opens this page." in page.main.text
    assert page.tree.one("input", name="name").attrs["value"] == "Ann"
    assert "value" not in page.tree.one("input", name="token").attrs
    assert COOKIE not in {each.key for each in browser.jar}


async def test_a_name_is_needed(browser: Browser) -> None:
    page = await browser.sign_in(name="  ")
    assert page.status == 422
    assert "Your name is needed: write at least a word" in page.main.text


@pytest.mark.parametrize(
    "there", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example", "no"]
)
async def test_signing_in_leads_to_no_other_site(browser: Browser, there: str) -> None:
    answer = await browser.send("/signin", {"name": "Ann", "token": WRITE, "then": there})
    assert (answer.status, answer.to) == (303, "/")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_form_of_another_origin_is_refused(served: DaemonStage, browser: Browser, origin: str) -> None:
    page = await browser.sign_in()
    key = page.tree.all("input", name="form_key")[0].attrs["value"]
    answer = await browser.send("/stop", {**STOP, "form_key": key}, Origin=origin)
    assert answer.status == 403
    assert (await browser.send("/signin", {"name": "Ann", "token": WRITE}, Origin=origin)).status == 403
    assert await incidents(served) == []


async def test_a_form_that_does_not_say_from_where_is_refused(served: DaemonStage, browser: Browser) -> None:
    page = await browser.sign_in()
    key = page.tree.all("input", name="form_key")[0].attrs["value"]
    cookie = {each.key: each.value for each in browser.jar}
    url = f"{served.url}/stop"
    async with served.session.post(url, data={**STOP, "form_key": key}, cookies=cookie) as answer:
        assert answer.status == 403
    assert await incidents(served) == []


@pytest.mark.parametrize("key", [{}, {"form_key": ""}, {"form_key": "guess"}, {"form_key": "é"}])
async def test_a_form_without_its_sessions_key_is_refused(
    served: DaemonStage, browser: Browser, key: dict[str, str]
) -> None:
    await browser.sign_in()
    answer = await browser.send("/stop", {**STOP, **key})
    assert answer.status == 403
    assert "this form is of another session" in answer.main.text
    assert await incidents(served) == []


async def test_only_forms_are_taken(served: DaemonStage, browser: Browser) -> None:
    await browser.sign_in()
    answer = await browser.send("/stop", STOP, Content_Type="text/plain")
    assert answer.status == 415
    assert await incidents(served) == []


async def test_the_session_opens_no_change_of_the_api(served: DaemonStage, browser: Browser) -> None:
    await browser.sign_in()
    cookie = {each.key: each.value for each in browser.jar}
    body = {"author": "ann", "reason": "storm", "everything": True}
    async with served.session.post(f"{served.url}/api/v1/incidents", json=body, cookies=cookie) as answer:
        assert answer.status == 401
    assert await incidents(served) == []


async def test_signing_out_ends_the_session_here_too(browser: Browser) -> None:
    page = await browser.sign_in()
    kept = {each.key: each.value for each in browser.jar}
    page = await browser.submit(page, "/signout")
    assert page.tree.one("div", class_="visitor").text == "Sign in"
    browser.jar.update_cookies(kept)
    assert (await browser.get("/")).tree.one("div", class_="visitor").text == "Sign in"


async def test_a_session_ends_by_itself(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> None:
    monkeypatch.setattr(sessions, "LASTS", 0.0)
    page = await browser.sign_in()
    assert page.tree.one("div", class_="visitor").text == "Sign in"


async def test_another_token_in_its_file_ends_the_sessions_of_the_old_one(
    served: DaemonStage, browser: Browser
) -> None:
    page = await browser.sign_in()
    (served.folder / "write").write_text("another-token-0123456789")
    answer = await browser.send(
        "/stop", {**STOP, "form_key": page.tree.all("input", name="form_key")[0].attrs["value"]}
    )
    assert answer.status == 401
    assert await incidents(served) == []


async def test_the_oldest_session_makes_place(monkeypatch: pytest.MonkeyPatch, served: DaemonStage) -> None:
    monkeypatch.setattr(sessions, "MOST", 1)
    first, second = Browser(served), Browser(served)
    await first.sign_in()
    await second.sign_in()
    assert (await first.get("/")).tree.one("div", class_="visitor").text == "Sign in"
    assert (await second.get("/")).tree.one("div", class_="visitor").text == "Ann Sign out"
    await asyncio.gather(first.close(), second.close())


async def test_with_a_read_token_looking_needs_signing_in_with_either() -> None:
    async with opened() as stage:
        stage.add("Renewals east", job_id="east")
        stage.token = READ
        await stage.start()
        browser = Browser(stage)
        for path in ("/", "/coming", "/stop", "/findings", "/events", "/rules", "/jobs/main/east"):
            answer = await browser.get(path)
            assert (answer.status, answer.to) == (303, f"/signin?then={path.replace('/', '%2F')}")
            assert answer.html == ""
        renewed = await browser.get("/?state=dialing", HX_Request="true")
        assert (renewed.status, renewed.headers["HX-Redirect"]) == (401, "/signin?then=%2F%3Fstate%3Ddialing")
        assert "main" not in (await browser.get("/signin")).main.text
        page = await browser.sign_in(name="Rae", token=READ)
        assert page.tree.one("div", class_="visitor").text == "Rae (may only look) Sign out"
        assert "1 dialing" in page.overview
        shown = await browser.get("/stop")
        assert "You signed in with the token that may only look." in shown.main.text
        key = shown.tree.all("input", name="form_key")[0].attrs["value"]
        answer = await browser.send("/stop", {**STOP, "form_key": key})
        assert (answer.status, "may only look" in answer.main.text) == (403, True)
        assert await incidents(stage) == []
        assert (await browser.sign_in(token=WRITE)).tree.one("div", class_="visitor").text == "Ann Sign out"
        await browser.close()


async def test_a_session_hears_the_events_too() -> None:
    async with opened() as stage:
        stage.token = READ
        await stage.start()
        browser = Browser(stage)
        await browser.sign_in(token=READ)
        cookie = {each.key: each.value for each in browser.jar}
        await browser.close()
        async with stage.session.get(f"{stage.url}/api/v1/events", cookies=cookie) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
        async with stage.session.get(f"{stage.url}/api/v1/events", cookies={COOKIE: "guess"}) as answer:
            assert answer.status == 401


async def test_without_tokens_it_says_how_changes_are_made() -> None:
    async with opened("") as stage:
        await stage.start()
        browser = Browser(stage)
        assert "no token is configured" in (await browser.get("/signin")).main.text
        assert "Nothing is changed over this page" in (await browser.get("/stop")).main.text
        assert (await browser.send("/signin", {"name": "Ann", "token": WRITE})).status == 403
        await browser.close()
