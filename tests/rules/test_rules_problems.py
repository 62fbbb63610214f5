"""Each problem as an operator reads it: place, key, what is wrong, what would be right."""

from datetime import UTC, datetime
from textwrap import dedent

import pytest

from controller.rules.loader import load_rules
from controller.rules.problem import RulesError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def problems(*files: str | bytes, workspaces: frozenset[str] | None = None) -> list[str]:
    """The problems of files that are called a.yaml, b.yaml, …; [] where there is none."""
    sources = {
        f"{chr(ord('a') + number)}.yaml": file if isinstance(file, bytes) else dedent(file).encode()
        for number, file in enumerate(files)
    }
    try:
        load_rules(sources, now=NOW, workspaces=workspaces)
    except RulesError as error:
        return str(error).splitlines()
    return []


def calendar(line: str) -> str:
    return f"calendars:\n  c:\n    timezone: UTC\n    {line}\n"


def campaign(line: str) -> str:
    return f"calendars: {{k: {{timezone: UTC}}}}\ncampaigns:\n  c:\n    calendars: [k]\n    {line}\n"


def incident(line: str) -> str:
    return f"incidents:\n  i:\n    reason: r\n    {line}\n"


MATCH = "match: {names: [x]}"

YAML_ITSELF = [
    ("", "a.yaml: the file is empty, write something into it or remove it"),
    (" \n\n", "a.yaml: the file is empty, write something into it or remove it"),
    (b"a: \xe9\n", "a.yaml:1:4: the byte 0xE9 is not UTF-8, save the file as UTF-8"),
    ("# ä\n# ö".encode() + b"\xff", "a.yaml:2:4: the byte 0xFF is not UTF-8, save the file as UTF-8"),
    (b"# a\r# b\r\xff", "a.yaml:3:1: the byte 0xFF is not UTF-8, save the file as UTF-8"),
    (b"# a\r\n# b\xff", "a.yaml:2:4: the byte 0xFF is not UTF-8, save the file as UTF-8"),
    (
        b"# x\ra: \x07",
        "a.yaml:2:4: the character U+0007 is not allowed in YAML, remove it or write it as an escape in double quotes",
    ),
    (
        b"# x\na: \x07",
        "a.yaml:2:4: the character U+0007 is not allowed in YAML, remove it or write it as an escape in double quotes",
    ),
    (
        "a: b\n\tc: d\n",
        (
            "a.yaml:2:1: not valid YAML: while scanning for the next token found character '\\t' that cannot start any "
            "token; check indentation, quotes, brackets and colons"
        ),
    ),
    (
        "calendars:\n  a: 1\n b: 2\n",
        (
            "a.yaml:3:2: not valid YAML: while parsing a block mapping expected <block end>, but found '<block mapping "
            "start>'; check indentation, quotes, brackets and colons"
        ),
    ),
    ('a: "\\UFFFFFFFF"', "a.yaml:1:1: not valid YAML after this place; check quotes and escapes"),
    ("[" * 40, "a.yaml:1:18: nested deeper than 16 levels, check the brackets and indentation"),
    ("# only\n--- \n# comments\n---\n", "a.yaml:4:1: a second document begins here, keep one document a file"),
    ("%YAML 1.1\n---\n# x\n", "a.yaml:1:1: directives (%) are not allowed, remove them; files are YAML 1.2"),
    ("incidents: &a {}\n", "a.yaml:1:12: incidents: anchors (&a) are not allowed, remove it"),
    ("&a incidents: {}\n", "a.yaml:1:1: anchors (&a) are not allowed, remove it"),
    ("incidents: *a\n", "a.yaml:1:12: incidents: aliases (*a) are not allowed, write the value out"),
    (
        "incidents: !!map {}\n",
        "a.yaml:1:12: incidents: tags (tag:yaml.org,2002:map) are not allowed, remove it; quotes make text",
    ),
    ("*a : {}\n", "a.yaml:1:1: ?: aliases (*a) are not allowed, write the value out"),
    ("{<<: {}}\n", "a.yaml:1:2: merge keys (<<) are not allowed, write the entries out"),
    ("? [x]\n: y\n", "a.yaml:1:3: a mapping or list cannot be a key, write a text"),
    (
        "incidents: {}\n'incidents': {}\n",
        "a.yaml:2:1: incidents: the key is given twice, first at 1:1; keep one of them",
    ),
]

SHAPE = [
    ("- x\n", "a.yaml:1:1: a list is not rules, write a mapping with calendars, campaigns, incidents"),
    ("calendrs: {}\n", "a.yaml:1:1: calendrs: unknown key, did you mean 'calendars'?"),
    ("zzz: {}\n", "a.yaml:1:1: zzz: unknown key, known are calendars, campaigns, incidents"),
    ("calendars: [x]\n", "a.yaml:1:12: calendars: a list is not a mapping, write names with their entries"),
    (
        "calendars: {x: 5}\n",
        "a.yaml:1:16: calendars.x: 5 is not a mapping, write a mapping with timezone, hours, holidays, dates",
    ),
    ("calendars: {x: {}}\n", "a.yaml:1:13: calendars.x.timezone: is missing, write one such as America/New_York"),
    (
        "calendars: {' x': {timezone: UTC}}\n",
        (
            "a.yaml:1:13: calendars. x: ' x' is not a name, write printable text without spaces around it, "
            "at most 100 characters"
        ),
    ),
    (calendar("hours:"), "a.yaml:4:5: calendars.c.hours: the value is empty, write one or remove the key"),
    (calendar("houres: {}"), "a.yaml:4:5: calendars.c.houres: unknown key, did you mean 'hours'?"),
]

CALENDARS = [
    (
        "calendars: {c: {timezone: America/NewYork}}\n",
        (
            "a.yaml:1:27: calendars.c.timezone: 'America/NewYork' is not an IANA time zone, "
            "did you mean 'America/New_York'?"
        ),
    ),
    (
        "calendars: {c: {timezone: ../../etc/localtime}}\n",
        (
            "a.yaml:1:27: calendars.c.timezone: '../../etc/localtime' is not an IANA time zone, "
            "and no known one is like it"
        ),
    ),
    ("calendars: {c: {timezone: 5}}\n", "a.yaml:1:27: calendars.c.timezone: 5 is not text, put it in quotes"),
    (
        calendar('hours: {mon-fri: "09:00-17:00"}'),
        (
            "a.yaml:4:22: calendars.c.hours.mon-fri: '09:00-17:00' is not a list, write weekdays with their windows, "
            'such as mon-fri: ["09:00-17:00"]'
        ),
    ),
    (calendar("hours: {Mon: []}"), "a.yaml:4:13: calendars.c.hours.Mon: 'Mon' is not a weekday, did you mean 'mon'?"),
    (
        calendar("hours: {monday: []}"),
        "a.yaml:4:13: calendars.c.hours.monday: 'monday' is not a weekday, did you mean 'mon'?",
    ),
    (
        calendar("hours: {mon-mon: []}"),
        (
            "a.yaml:4:13: calendars.c.hours.mon-mon: 'mon-mon' is not a range of weekdays, "
            "write two different ones such as mon-fri"
        ),
    ),
    (
        calendar('hours: {"mon-wed,tue": []}'),
        "a.yaml:4:13: calendars.c.hours.mon-wed,tue: tue is given twice in this key, name each weekday once",
    ),
    (
        calendar("hours: {fri-mon: [], sun: []}"),
        "a.yaml:4:26: calendars.c.hours.sun: sun is already given by 'fri-mon', give each weekday once",
    ),
    (
        calendar('hours: {mon: ["9:00-17:00"]}'),
        (
            "a.yaml:4:19: calendars.c.hours.mon[0]: '9:00-17:00' is not a window, "
            'write it as "09:00-17:00" with two digits each'
        ),
    ),
    (
        calendar('hours: {mon: ["09:00-12:00", "24:00-02:00"]}'),
        "a.yaml:4:34: calendars.c.hours.mon[1]: 24:00 is an end only, start the window at 00:00 of the next day",
    ),
    (
        calendar('hours: {mon: ["09:00-24:01"]}'),
        "a.yaml:4:19: calendars.c.hours.mon[0]: there is no 24:01, times go from 00:00 to 23:59, and 24:00 as an end",
    ),
    (
        calendar('hours: {mon: ["09:00-09:00"]}'),
        (
            "a.yaml:4:19: calendars.c.hours.mon[0]: '09:00-09:00' ends as it starts, "
            "write 00:00-24:00 for a whole day or [] for none"
        ),
    ),
    (calendar("hours: {mon: [2100]}"), "a.yaml:4:19: calendars.c.hours.mon[0]: 2100 is not text, put it in quotes"),
    (
        calendar("dates: {2026-02-30: []}"),
        "a.yaml:4:13: calendars.c.dates.2026-02-30: there is no 2026-02-30, check the month and the day",
    ),
    (
        calendar("dates: {24.12.: []}"),
        (
            "a.yaml:4:13: calendars.c.dates.24.12.: '24.12.' is not a date, write it as "
            "2026-12-24, 2026-12-28..2027-01-01, 12-24 or 12-28..01-02"
        ),
    ),
    (
        calendar("dates: {2027-01-01..2026-12-28: []}"),
        (
            "a.yaml:4:13: calendars.c.dates.2027-01-01..2026-12-28: 2027-01-01..2026-12-28 ends before it begins, "
            "write 2026-12-28..2027-01-01"
        ),
    ),
    (
        calendar("dates: {2026-12-28..01-02: []}"),
        (
            "a.yaml:4:13: calendars.c.dates.2026-12-28..01-02: 2026-12-28..01-02 mixes a date and a date of every "
            "year, write both ends alike"
        ),
    ),
    (
        calendar("dates: {0026-12-24: []}"),
        "a.yaml:4:13: calendars.c.dates.0026-12-24: 0026-12-24 is outside the years 1970 to 2999, check the year",
    ),
    (
        calendar("dates: {2026-12-24..2026-12-31: [], 2026-12-31..2027-01-02: []}"),
        (
            "a.yaml:4:41: calendars.c.dates.2026-12-31..2027-01-02: 2026-12-31 is already in '2026-12-24..2026-12-31', "
            "a range of the same kind; let only one have it"
        ),
    ),
    (
        calendar("dates: {12-28..01-02: [], 01-02..01-05: []}"),
        (
            "a.yaml:4:31: calendars.c.dates.01-02..01-05: 01-02 is already in '12-28..01-02', "
            "a range of the same kind; let only one have it"
        ),
    ),
]

HOLIDAYS = [
    (
        calendar("holidays: US"),
        (
            "a.yaml:4:15: calendars.c.holidays: 'US' is not a list, "
            "write a list such as [{country: US, subdivision: none}]"
        ),
    ),
    (
        calendar("holidays: [US]"),
        (
            "a.yaml:4:16: calendars.c.holidays[0]: 'US' is not a mapping, "
            "write a mapping with country, subdivision, categories, without"
        ),
    ),
    (
        calendar("holidays: [{country: us}]"),
        (
            "a.yaml:4:26: calendars.c.holidays[0].country: 'us' is not a known country, did you mean 'US'? "
            "(ISO 3166, two letters)"
        ),
    ),
    (
        calendar("holidays: [{country: US}]"),
        (
            "a.yaml:4:16: calendars.c.holidays[0].subdivision: is missing, US has subdivisions: "
            "write the one that is meant, or none"
        ),
    ),
    (
        calendar("holidays: [{country: DE, subdivision: bw}]"),
        "a.yaml:4:43: calendars.c.holidays[0].subdivision: 'bw' is not a subdivision of DE, did you mean 'BW'?",
    ),
    (
        calendar("holidays: [{country: JP, subdivision: Tokyo}]"),
        "a.yaml:4:43: calendars.c.holidays[0].subdivision: JP has no subdivisions here, remove the key or write none",
    ),
    (
        calendar("holidays: [{country: FR, subdivision: 57}]"),
        "a.yaml:4:43: calendars.c.holidays[0].subdivision: 57 is not text, put it in quotes",
    ),
    (
        calendar("holidays: [{country: US, subdivision: none, categories: [public, bank]}]"),
        (
            "a.yaml:4:70: calendars.c.holidays[0].categories[1]: 'bank' is not a category of US, "
            "known are government, half_day, public, unofficial"
        ),
    ),
    (
        calendar("holidays: [{country: US, subdivision: none, categories: []}]"),
        "a.yaml:4:61: calendars.c.holidays[0].categories: it is empty, write a list such as [public]",
    ),
    (
        calendar("holidays: [{country: US, subdivision: NY, without: [Columbus]}]"),
        (
            "a.yaml:4:57: calendars.c.holidays[0].without[0]: 'Columbus' is not a holiday there, "
            "did you mean 'Columbus Day'?"
        ),
    ),
    (
        calendar("holidays: [{country: LK}]"),
        (
            "a.yaml:4:16: calendars.c.holidays[0]: no holidays are known for 2027, 2028 (holidays VERSION), "
            "remove this entry and list them under dates, or choose other categories"
        ),
    ),
]

CAMPAIGNS = [
    (campaign("start: false"), 'a.yaml:3:3: campaigns.c.match: is missing, write a selector such as {names: ["US *"]}'),
    (
        campaign("match: {}"),
        "a.yaml:5:12: campaigns.c.match: nothing says which jobs are meant, write names, agents or ids",
    ),
    (
        campaign("match: {workspaces: [main], except_names: [x]}"),
        "a.yaml:5:12: campaigns.c.match: nothing says which jobs are meant, write names, agents or ids",
    ),
    (
        campaign("match: {names: []}"),
        "a.yaml:5:20: campaigns.c.match.names: it is empty, write a list of at least one, or remove the key",
    ),
    (
        campaign("match: {names: [x], except_ids: []}"),
        "a.yaml:5:37: campaigns.c.match.except_ids: it is empty, write a list of at least one, or remove the key",
    ),
    (campaign("match: {name: [x]}"), "a.yaml:5:13: campaigns.c.match.name: unknown key, did you mean 'names'?"),
    (
        campaign("match: {names: [x], campaigns: [c]}"),
        (
            "a.yaml:5:25: campaigns.c.match.campaigns: unknown key, known are agents, except_agents, except_ids, "
            "except_names, except_workspaces, ids, names, workspaces"
        ),
    ),
    (
        campaign("match: {agents: [agt_*]}"),
        (
            "a.yaml:5:22: campaigns.c.match.agents[0]: 'agt_*' holds a *, only names and except_names take patterns; "
            "write it out"
        ),
    ),
    (
        campaign("match: {names: ['']}"),
        "a.yaml:5:21: campaigns.c.match.names[0]: the text is empty, write something or remove the key",
    ),
    (
        campaign("match: {names: ['x ']}"),
        "a.yaml:5:21: campaigns.c.match.names[0]: 'x ' has spaces around it or unprintable characters, remove them",
    ),
    (
        campaign("match: {names: [[x]]}"),
        "a.yaml:5:21: campaigns.c.match.names[0]: a list is not text, write one word or a text in quotes",
    ),
    (
        campaign(f"{MATCH}\n    close_early: 2"),
        "a.yaml:6:18: campaigns.c.close_early: 2 has no unit, write 2s, 2m or 2h",
    ),
    (
        campaign(f"{MATCH}\n    close_early: 1.5m"),
        (
            "a.yaml:6:18: campaigns.c.close_early: '1.5m' is not a duration, write a whole number and s, m or h, "
            "such as 90s or 2m"
        ),
    ),
    (
        campaign(f"{MATCH}\n    close_early: 25h"),
        "a.yaml:6:18: campaigns.c.close_early: 25h is longer than a day, write at most 24h",
    ),
    (
        campaign(f"{MATCH}\n    resume: owm"),
        "a.yaml:6:13: campaigns.c.resume: 'owm' is not a choice here, did you mean 'own'?",
    ),
    (
        campaign(f"{MATCH}\n    start: yes"),
        "a.yaml:6:12: campaigns.c.start: 'yes' is not a truth value, write true or false",
    ),
    (
        campaign(f"{MATCH}\n    on_drift: repair"),
        "a.yaml:6:15: campaigns.c.on_drift: repair is not available yet, write report or pause",
    ),
    (
        "calendars: {shop: {timezone: UTC}}\ncampaigns: {c: {match: {ids: [x]}, calendars: [shp]}}",
        "a.yaml:2:48: campaigns.c.calendars[0]: 'shp' is not a calendar, did you mean 'shop'?",
    ),
    (
        "campaigns: {c: {match: {ids: [x]}, calendars: [k]}}",
        "a.yaml:1:48: campaigns.c.calendars[0]: 'k' is not a calendar, none is known",
    ),
    (
        "campaigns: {c: {match: {ids: [x]}, calendars: []}}",
        "a.yaml:1:47: campaigns.c.calendars: it is empty, write a list of at least one calendar's name",
    ),
]

INCIDENTS = [
    (
        incident("until: 2026-12-01T00:00:00Z"),
        "a.yaml:2:3: incidents.i.from: is missing, write an instant such as 2026-11-23T14:05:00-05:00",
    ),
    (
        incident("from: 2026-12-01T00:00:00"),
        (
            "a.yaml:4:11: incidents.i.from: 2026-12-01T00:00:00 has no offset, so it is not one instant; "
            "write it as 2026-12-01T00:00:00-05:00 or 2026-12-01T00:00:00Z"
        ),
    ),
    (
        incident("from: tomorrow"),
        "a.yaml:4:11: incidents.i.from: 'tomorrow' is not an instant, write it as 2026-11-23T14:05:00-05:00",
    ),
    (
        incident("from: 2026-02-29T00:00:00Z"),
        (
            "a.yaml:4:11: incidents.i.from: 2026-02-29T00:00:00Z does not exist, "
            "check the month, the day, the time and the offset"
        ),
    ),
    (
        incident("from: 9999-12-31T23:59:59-05:00"),
        (
            "a.yaml:4:11: incidents.i.from: 9999-12-31T23:59:59-05:00 does not exist, "
            "check the month, the day, the time and the offset"
        ),
    ),
    (
        incident("from: 3000-01-01T00:00:00Z"),
        (
            "a.yaml:4:11: incidents.i.from: 3000-01-01T00:00:00Z is outside the years 1970 to 2999; "
            "for an open end, leave it out"
        ),
    ),
    (
        incident("from: 2026-12-01T00:00:00Z\n    until: 2026-12-01T01:00:00+01:00"),
        "a.yaml:5:12: incidents.i.until: it is not after from, write a later instant or remove it",
    ),
    (
        incident("from: 2026-12-01T00:00:00Z\n    match: {}"),
        (
            "a.yaml:5:12: incidents.i.match: it is empty, remove it so that every job of a campaign is covered, "
            "or write a key"
        ),
    ),
    (
        campaign(MATCH) + incident("from: 2026-12-01T00:00:00Z\n    match: {campaigns: [d]}"),
        "a.yaml:10:25: incidents.i.match.campaigns[0]: 'd' is not a campaign, known is c",
    ),
    (
        campaign(MATCH) + incident("from: 2026-12-01T00:00:00Z\n    match: {except_campaigns: [cc]}"),
        "a.yaml:10:32: incidents.i.match.except_campaigns[0]: 'cc' is not a campaign, did you mean 'c'?",
    ),
]


@pytest.mark.parametrize(("text", "problem"), [*YAML_ITSELF, *SHAPE, *CALENDARS, *HOLIDAYS, *CAMPAIGNS, *INCIDENTS])
def test_one_slip_is_told_once_with_its_place_and_what_would_be_right(text: str | bytes, problem: str) -> None:
    from controller.rules.holidays import holidays_version  # noqa: PLC0415 - only one row needs it

    assert problems(text) == [problem.replace("VERSION", holidays_version())]


def test_an_unknown_workspace_is_a_problem_where_the_known_ones_are_given() -> None:
    rules = campaign("match: {workspaces: [mian], names: [x], except_workspaces: [test]}")
    assert problems(rules, workspaces=frozenset({"main"})) == [
        "a.yaml:5:26: campaigns.c.match.workspaces[0]: 'mian' is not a workspace, did you mean 'main'?",
        "a.yaml:5:65: campaigns.c.match.except_workspaces[0]: 'test' is not a workspace, known is main",
    ]
    assert problems(rules) == []


def test_a_name_used_in_two_files_is_a_problem_that_names_both_places() -> None:
    text = "calendars:\n  shop: {timezone: UTC}\n"
    assert problems(text, f"# b\n{text}") == [
        "b.yaml:3:3: calendars.shop: the name is already used at a.yaml:2:3, choose another; names are global",
    ]


def test_all_problems_of_all_files_are_told_at_once() -> None:
    found = problems(
        """\
        calendars:
          shop:
            timezone: Europe/Berln
            hours: {mon: ["9-5"], mon-tue: []}
            holidays:
              - {country: DE, subdivision: XX}
              - {country: XX}
            dates: {2026-13-01: [x]}
        campaigns:
          c: {match: {names: []}, calendars: [shop, shopp], start: 1}
        """,
        "calendars: [",
        "incidents:\n  i: {from: now, extra: 1}\n",
        b"\xff",
    )
    assert [line.split(" ")[0] for line in found] == [
        "a.yaml:3:15:",
        "a.yaml:4:19:",
        "a.yaml:4:27:",
        "a.yaml:6:36:",
        "a.yaml:7:19:",
        "a.yaml:8:13:",
        "a.yaml:8:26:",
        "a.yaml:10:22:",
        "a.yaml:10:60:",
        "b.yaml:1:13:",
        "c.yaml:2:3:",
        "c.yaml:2:13:",
        "c.yaml:2:18:",
        "d.yaml:1:1:",
    ]


def test_a_name_is_not_called_undefined_while_a_file_cannot_be_read() -> None:
    rules = "campaigns: {c: {match: {ids: [x]}, calendars: [elsewhere]}}"
    assert problems(rules, "calendars: {elsewhere: [") != []
    assert not any("elsewhere" in line for line in problems(rules, "calendars: {elsewhere: ["))


def test_a_refused_alias_is_told_once_and_hides_nothing_beside_it() -> None:
    assert problems(campaign("match: {names: [*a, 5]}")) == [
        "a.yaml:5:21: campaigns.c.match.names[0]: aliases (*a) are not allowed, write the value out",
        "a.yaml:5:25: campaigns.c.match.names[1]: 5 is not text, put it in quotes",
    ]


def test_a_file_over_one_mebibyte_is_refused_unread() -> None:
    assert problems(b"#" * (1024 * 1024) + b"\n") == ["a.yaml: the file is larger than 1048576 bytes, split it"]
    assert problems(b"#" * (1024 * 1024 - 1) + b"\n") == []


def test_what_cannot_be_printed_is_shown_escaped_and_cut() -> None:
    found = problems(campaign('match: {names: ["a\\nb"], ids: [x], "\\e[31m": [y]}'))
    assert found == [
        "a.yaml:5:21: campaigns.c.match.names[0]: 'a\\nb' has spaces around it or unprintable characters, remove them",
        (
            "a.yaml:5:40: campaigns.c.match.'\\x1b[31m': unknown key, known are agents, except_agents, except_ids, "
            "except_names, except_workspaces, ids, names, workspaces"
        ),
    ]
    assert problems(campaign(f"match: {{names: [x]}}\n    resume: {'x' * 200}")) == [
        f"a.yaml:6:13: campaigns.c.resume: '{'x' * 59}… is not a choice here, known are any, never, own",
    ]


def test_a_name_that_cannot_be_printed_is_quoted_on_one_line() -> None:
    text = '{"calendars": {"\\n": null}, "campaigns": {"c": {"match": {"names": ["x"]}, "calendars": ["k"]}}}'
    with pytest.raises(RulesError) as caught:
        load_rules({"a.yaml": text.encode()}, now=NOW)
    assert [problem for problem in map(str, caught.value.problems) if not problem.isprintable()] == []
    assert any(problem.endswith("known is \\n") for problem in map(str, caught.value.problems))
