"""deploy/licences.md against the lock and the packages' own metadata."""

from pathlib import Path

import pytest

from tests.deploy.licences import document, licence, locked

FILE = Path(__file__).parents[2] / "deploy/licences.md"


@pytest.mark.once
def test_the_list_is_what_make_licences_writes() -> None:
    assert FILE.read_text() == document(), "run make licences"


def test_every_package_of_the_lock_names_a_licence() -> None:
    assert len(locked()) > 15
    assert [each.name for each in locked() if not licence(each.name)] == []


def test_no_licence_asks_for_the_source_of_what_uses_it() -> None:
    copyleft = [each.name for each in locked() if "GPL" in licence(each.name) and "LGPL" not in licence(each.name)]
    assert copyleft == []
