"""Rules and jobs of two campaigns, each of which may be open or shut: for what must go on both ways at once."""

from typing import Literal

from tests.e2e.processes import Stage

AUTUMN = {f"a{n}" for n in range(20)}
SPRING = {f"s{n}" for n in range(20)}
JOBS = {job: f"{'Autumn' if job in AUTUMN else 'Spring'} {job}" for job in sorted(AUTUMN | SPRING)}

_RULES = """\
calendars:
  open: {{timezone: America/New_York, hours: {{mon-fri: ["08:00-17:00"]}}}}
  shut: {{timezone: America/New_York, hours: {{mon-fri: ["16:00-17:00"]}}}}
campaigns:
  autumn: {{match: {{names: ["Autumn *"]}}, calendars: [{autumn}]}}
  spring: {{match: {{names: ["Spring *"]}}, calendars: [{spring}]}}
"""

State = Literal["open", "shut"]


def rule(scene: Stage, *, autumn: State, spring: State) -> None:
    """Write rules by which they are so in the morning."""
    scene.rules_file(_RULES.format(autumn=autumn, spring=spring))
