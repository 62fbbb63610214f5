import pytest

from controller.runtime.snapshot import Snapshot
from tests.page.browser import Browser, Page
from tests.web.daemon_stage import WRITE, DaemonStage, opened

HOSTILE = "Renewals <script>alert(1)</script>\"'&{{ 7*7 }}"


def rows(page: Page) -> list[str]:
    return [row.text for body in page.tree.all("tbody") for row in body.all("tr")]


def names(page: Page) -> list[str]:
    return [row.all("a")[0].text for body in page.tree.all("tbody") for row in body.all("tr")]


async def test_one_line_says_it_all(browser: Browser) -> None:
    page = await browser.get("/")
    assert page.status == 200
    assert page.overview.replace(" ,", ",") == "▶ 2 dialing, ■ 1 paused by rules, ◆ 1 by a person, ! 1 to look at"


async def test_each_job_says_its_state_why_until_when_and_who(browser: Browser) -> None:
    owls, east, _west, other = rows(await browser.get("/"))
    assert owls.startswith("Night owls main · night ■ paused by rules ! to look at Outside hours :")
    assert "night: no window is open ! Provider schedule allows too much, Job can never dial" in owls
    assert "in 7 h 59 min Tue 2026-11-24 20:00 EST" in owls
    assert owls.endswith("the rules")
    assert "Renewals east main · renewals ▶ dialing Open in 4 h 58 min Tue 2026-11-24 16:59 EST" in east
    assert "◆ paused by a person Paused by someone in Vogent, not by us" in other
    assert "somebody resumes it" in other
    assert other.endswith("someone in Vogent")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("text=WEST", ["Renewals west"]),
        ("text=no+window", ["Night owls"]),
        ("state=dialing", ["Renewals east", "Renewals west"]),
        ("state=look", ["Night owls"]),
        ("campaign=night", ["Night owls"]),
        ("workspace=main&state=person", ["Somebody's"]),
        ("text=&state=&campaign=&workspace=", ["Night owls", "Renewals east", "Renewals west", "Somebody's"]),
    ],
)
async def test_a_filter_leaves_what_fits(browser: Browser, asked: str, found: list[str]) -> None:
    assert names(await browser.get(f"/?{asked}")) == found


async def test_a_filter_stays_in_its_form_and_counts_all_jobs_all_the_same(browser: Browser) -> None:
    page = await browser.get("/?text=west&state=dialing")
    assert page.tree.one("input", name="text").attrs["value"] == "west"
    assert [each.text for each in page.tree.all("option", selected="")] == ["dialing"]
    assert "2 dialing" in page.overview
    assert "1 of 4 jobs fit" in page.main.text


async def test_a_filter_that_fits_nothing_says_so_and_how_to_go_back(browser: Browser) -> None:
    page = await browser.get("/?text=nowhere")
    assert "No job fits this filter; there are 4 without it. Show all" in page.main.text


async def test_a_filter_that_there_is_not_is_a_page_that_says_so(browser: Browser) -> None:
    page = await browser.get("/?colour=red")
    assert page.status == 422
    assert "colour" in page.tree.one("div", role="alert").text


async def test_hostile_names_are_shown_as_they_are_and_do_nothing(served: DaemonStage, browser: Browser) -> None:
    served.add(HOSTILE, job_id="a/b?c#d")
    served.token = WRITE
    await served.post("/api/v1/incidents", {"reason": "<b>storm</b>"})
    page = await browser.until("/", HOSTILE)
    assert all("src" in each.attrs for each in page.tree.all("script"))
    assert not page.tree.all("b")
    (link,) = [each for each in page.tree.all("a") if each.text == HOSTILE]
    one = await browser.get(link.attrs["href"])
    assert one.tree.one("h1").text == HOSTILE
    assert "main/a/b?c#d" in one.main.text
    assert "<b>storm</b>" in one.main.text


async def test_a_thousand_jobs_are_decided_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("") as stage:
        for number in range(1000):
            stage.add(f"Renewals {number}")
        await stage.start()
        decided = []
        decide = Snapshot.decide
        monkeypatch.setattr(Snapshot, "decide", lambda *given: decided.append(given[1].key) or decide(*given))
        browser = Browser(stage)
        page = await browser.get("/")
        await browser.close()
        assert len(names(page)) == 1000
        assert len(decided) == 1000
        assert len(set(decided)) == 1000


async def test_more_jobs_than_are_shown_are_counted(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> None:
    monkeypatch.setattr("controller.page.now.SHOWN", 2)
    page = await browser.get("/")
    assert names(page) == ["Night owls", "Renewals east"]
    assert "The first 2 of 4 jobs that fit" in page.main.text


async def test_a_job_that_cannot_be_decided_is_told(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> None:
    decide = Snapshot.decide

    def broken(snapshot: Snapshot, job: object, situation: object = None) -> object:
        if getattr(job, "id", "") == "west":
            raise ValueError
        return decide(snapshot, job, situation)  # type: ignore[arg-type]

    monkeypatch.setattr(Snapshot, "decide", broken)
    page = await browser.get("/")
    assert "1 of the jobs cannot be decided about" in page.main.text
    assert names(page) == ["Night owls", "Renewals east", "Somebody's"]


async def test_without_jobs_it_says_how_one_appears() -> None:
    async with opened("") as stage:
        await stage.start()
        browser = Browser(stage)
        page = await browser.get("/")
        await browser.close()
        assert "No jobs are known." in page.overview
        assert "A job appears here once it is made in Vogent" in page.main.text
