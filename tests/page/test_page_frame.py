import re
from itertools import pairwise

import pytest

from controller.runtime.health import Health
from tests.page.browser import Browser
from tests.page.parsed import Node
from tests.web.daemon_stage import DaemonStage

PAGES = ["/", "/coming", "/stop", "/findings", "/events", "/rules", "/signin", "/jobs/main/owls", "/nowhere"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_each_page_loads_from_here_alone_and_nothing_stands_in_it_that_runs(browser: Browser, path: str) -> None:
    await browser.sign_in()
    page = await browser.get(path)
    assert page.status == (404 if path == "/nowhere" else 200)
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for node in page.tree:
        assert node.tag != "style"
        assert not [name for name in node.attrs if name == "style" or name.startswith(("on", "hx-on"))]
        for name in ("src", "href", "action", "hx-get"):
            assert re.match(r"/(?!/)|#", node.attrs.get(name, "/")), (node.tag, node.attrs)
        assert node.tag != "script" or (node.attrs["src"] and not node.text)


async def test_each_page_can_be_read_by_ear_and_used_by_keyboard(browser: Browser, path: str) -> None:
    await browser.sign_in()
    tree = (await browser.get(path)).tree
    assert tree.one("html").attrs["lang"] == "en"
    assert len(tree.all("main")) == len(tree.all("header")) == len(tree.all("nav")) == len(tree.all("h1")) == 1
    first = next(each for each in tree.one("body") if each.tag == "a")
    assert (first.attrs["class"], first.attrs["href"]) == ("skip", "#main")
    assert tree.one("main").attrs["id"] == "main"
    levels = [int(node.tag[1]) for node in tree if re.fullmatch(r"h[1-6]", node.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [node.attrs["id"] for node in tree if "id" in node.attrs]
    assert len(ids) == len(set(ids))
    labelled = {node.attrs["for"] for node in tree.all("label")}
    for node in [*tree.all("input"), *tree.all("select")]:
        assert node.attrs.get("type") == "hidden" or node.attrs["id"] in labelled
    assert all("scope" in node.attrs for node in tree.all("th"))
    assert all(_named(node) for tag in ("a", "button") for node in tree.all(tag))
    for name in ("aria-describedby", "aria-labelledby"):
        for node in tree:
            assert set(node.attrs.get(name, "").split()) <= set(ids)


def _named(node: Node) -> bool:
    return bool(node.text)


async def test_the_page_that_is_open_is_marked_in_the_navigation(browser: Browser) -> None:
    page = await browser.get("/findings")
    assert [each.text for each in page.tree.one("nav").all("a", aria_current="page")] == ["Findings"]


async def test_what_changes_is_fetched_anew_by_the_same_address(browser: Browser) -> None:
    page = await browser.get("/?state=dialing")
    live = page.tree.one("div", id="live")
    assert live.attrs["hx-get"] == "/?state=dialing"
    again = await browser.get(live.attrs["hx-get"], HX_Request="true")
    assert again.tree.one("div", id="live").all("tbody")


async def test_files_are_kept_by_browsers_until_they_change(browser: Browser) -> None:
    page = await browser.get("/")
    urls = [each.attrs["src"] for each in page.tree.all("script")]
    urls += [each.attrs["href"] for each in page.tree.all("link")]
    assert len(urls) == 4
    for url in urls:
        file = await browser.get(url)
        assert file.status == 200, url
        assert "immutable" in file.headers["Cache-Control"]
    old = await browser.get("/static/000000000000/style.css")
    assert (old.status, old.headers["Cache-Control"]) == (200, "no-store")
    assert (await browser.get("/static/000000000000/htmx.LICENSE.txt")).status == 404


async def test_the_stylesheet_loads_nothing(browser: Browser) -> None:
    sheet = (await browser.get("/static/0/style.css")).html
    assert "url(" not in sheet
    assert "@import" not in sheet


async def test_stale_jobs_are_told_with_the_time_they_are_from(
    monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    assert "Stale." not in (await browser.get("/")).main.text
    monkeypatch.setattr(Health, "seconds_since_read", lambda _self: {"main": 300.0})
    told = r"Stale\. The last pass that read main was 5 min ago; what you see is from 16:5[45]:\d\d UTC"
    assert re.search(told, (await browser.get("/")).main.text)


async def test_what_works_less_well_is_told_on_each_page(served: DaemonStage, browser: Browser) -> None:
    (served.folder / "rules" / "a.yaml").write_text("calendars: 3")
    served.daemon.reload()
    page = await browser.until("/", "the rules files are wrong: the last good ones are in force")
    assert "Works less well than it should:" in page.main.text


async def test_programs_get_problems_as_before(served: DaemonStage) -> None:
    answer = await served.get("/nowhere")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (await served.get("/api/v1/jobs/main/nobody", headers={"Accept": "text/html"})).json["status"] == 404
