"""Incidents and holds come back as they were put."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, create_engine

from controller.core.campaign import Hold, Incident, Selector
from controller.core.controls import Closing, OpenedIncident, PlacedHold, Signal
from controller.core.job import JobKey
from controller.store import control_statements as controls
from controller.store import statements
from controller.store.changes import PutHold, PutIncident
from controller.store.tables import metadata

SELECTOR = Selector(names=("Łódź *",), campaigns=("a", "b"), except_ids=("j",))
CLOSED = Closing(9.5, "ben", "over")


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def opened(id_: str = "i1", since: float = 1.5, **more: object) -> OpenedIncident:
    incident = Incident("storm", "wires are down", since, author="ann")
    return OpenedIncident(id_, replace(incident, **more), "operator")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "put",
    [
        opened(),
        opened(until=12.25),
        opened(match=SELECTOR),
        opened(everything=True),
        replace(opened(), source="webhook am", signal=Signal("f00", 3.0)),
        replace(opened(), source="webhook am", signal=Signal("f00", 3.0, 4.0), closed=CLOSED),
    ],
)
def test_an_incident_comes_back_as_it_was_put(connection: Connection, put: OpenedIncident) -> None:
    statements.apply(connection, [PutIncident(put)])
    assert controls.last_incidents(connection, 5) == [put]


@pytest.mark.parametrize("until", [math.inf, 20.0])
def test_a_hold_comes_back_as_it_was_put_and_is_gone_once_closed(connection: Connection, until: float) -> None:
    put = PlacedHold("h1", Hold(JobKey("main", "j"), "ann", "a complaint", 1.0, until), "US renewals")
    statements.apply(connection, [PutHold(put)])
    assert controls.open_holds(connection) == [put]
    statements.apply(connection, [PutHold(replace(put, closed=CLOSED))])
    assert controls.open_holds(connection) == []


def test_a_start_finds_what_is_open_and_the_last_word_on_each_thing_that_a_webhook_spoke_of(
    connection: Connection,
) -> None:
    def signalled(id_: str, since: float, key: str) -> OpenedIncident:
        return replace(opened(id_, since), source="webhook am", signal=Signal(key, since), closed=CLOSED)

    still = opened("a", 5.0)
    first, last, other = signalled("b", 1.0, "x"), signalled("c", 2.0, "x"), signalled("d", 3.0, "y")
    elsewhere = replace(signalled("e", 0.5, "x"), source="webhook pager")
    over = replace(opened("f", 4.0), closed=CLOSED)
    put = [still, first, last, other, elsewhere, over]
    statements.apply(connection, [PutIncident(each) for each in put])
    assert controls.kept_incidents(connection) == [elsewhere, last, other, still]
    kept = statements.kept(connection)
    assert kept.incidents == (elsewhere, last, other, still)
    assert controls.last_incidents(connection, 2) == [over, still]
    assert [change for change in kept.as_changes() if isinstance(change, PutIncident)] == [
        PutIncident(each) for each in kept.incidents
    ]
