"""Which incidents stand in a campaign's forecast: those that cover every job that it could match."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.campaign import Incident, Selector
from controller.core.forecast import covers_every_job
from tests.core.build import campaign, incident, job

MATCH = Selector(names=("US renewals *", "UK *"), workspaces=("main",), agents=("a", "b"), except_names=("* test",))


@pytest.mark.parametrize(
    ("selector", "covers"),
    [
        (Selector(campaigns=("renewals",)), True),
        (Selector(campaigns=("surveys",)), False),
        (Selector(campaigns=("surveys", "renewals")), True),
        (Selector(names=("UK *", "US renewals *")), True),
        (Selector(names=("U*",)), True),
        (Selector(names=("*",)), True),
        (Selector(names=("US *", "UK *")), True),
        (Selector(names=("U? *",)), True),
        (Selector(campaigns=("renewals",), names=("US *", "?K *")), True),
        (Selector(names=("US *",)), False),
        (Selector(names=("US renewals ?", "UK *")), False),
        (Selector(names=("us renewals *", "uk *")), False),
        (Selector(workspaces=("main", "other")), True),
        (Selector(workspaces=("main",)), True),
        (Selector(agents=("b", "a")), True),
        (Selector(workspaces=("other",)), False),
        (Selector(agents=("a", "b", "c")), True),
        (Selector(agents=("a",)), False),
        (Selector(ids=("job-1",)), False),
        (Selector(names=("*",), agents=("a",)), False),
        (Selector(names=("*",), except_names=("* test",)), True),
        (Selector(names=("*",), except_names=("* big test",)), True),
        (Selector(names=("*",), except_names=("* test", "* old")), False),
        (Selector(names=("*",), except_names=("*test",)), False),
        (Selector(names=("*",), except_ids=("job-9",)), False),
        (Selector(names=("*",), except_agents=("c",)), False),
        (Selector(names=("*",), except_campaigns=("surveys",)), False),
    ],
)
def test_an_incident_covers_every_job_of_a_campaign_if_it_asks_no_more_than_the_campaign(
    selector: Selector, covers: bool
) -> None:
    assert covers_every_job(incident(match=selector), campaign(match=MATCH)) is covers


def test_an_incident_that_asks_for_what_the_campaign_leaves_open_covers_a_part_of_it() -> None:
    assert not covers_every_job(incident(match=Selector(workspaces=("main",))), campaign())
    assert not covers_every_job(incident(match=Selector(names=("*",))), campaign(match=Selector(agents=("a",))))
    assert covers_every_job(incident(match=Selector(ids=("1", "2"))), campaign(match=Selector(ids=("2",))))


@pytest.mark.parametrize(
    "everywhere", [incident(), incident(everything=True), incident(match=Selector(ids=("x",)), everything=True)]
)
def test_an_incident_without_match_or_for_everything_covers_every_campaign(everywhere: Incident) -> None:
    assert covers_every_job(everywhere, campaign(match=MATCH))


GLOBS = st.text("ab*?", min_size=1, max_size=5)


@settings(max_examples=500)
@given(GLOBS, GLOBS, st.text("ab*?", max_size=6))
def test_no_job_of_the_campaign_escapes_an_incident_that_is_said_to_cover_every_one(
    wide: str, narrow: str, name: str
) -> None:
    whole = covers_every_job(incident(match=Selector(names=(wide,))), campaign(match=Selector(names=(narrow,))))
    if whole and Selector(names=(narrow,)).matches(job(name=name)):
        assert Selector(names=(wide,)).matches(job(name=name))
