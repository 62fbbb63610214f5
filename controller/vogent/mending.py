"""Making an answer readable which one odd value in it makes unreadable as a whole.

The strict parser refuses a whole page for half a surrogate pair in any text, for a number of thousands of digits and
for values nested too deep. None of that is a reason to lose sight of a hundred jobs. What is odd is replaced by a text
that says so, which is never a value that decides.
"""

import re

REPLACEMENT = "\ufffd"
"""Stands for what is no character; no id that holds it is one that the API gave."""
MOST_DIGITS = 1000
MOST_LEVELS = 100
LONGEST_BODY = 4 * 2**20
"""Bytes. Mending as many takes about a second at worst, in which nothing else runs."""

_LONG_NUMBER = '"too long a number"'
_TOO_DEEP = '"too deep"'

# No part of it ever backtracks, and an unterminated text is taken whole: the work is linear in the answer's length.
_TOKEN = re.compile(
    r'(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)'
    rf"|(?P<number>(?<![0-9.eE+-])-?[0-9][0-9.eE+-]{{{MOST_DIGITS},}}+)"
    r"|(?P<open>[\[{])"
    r"|(?P<close>[\]}])",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


def mended(body: bytes | bytearray) -> str:
    """The same JSON with what is odd replaced. What is no JSON stays none. Raises ValueError where it is too long."""
    if len(body) > LONGEST_BODY:
        raise ValueError(f"an answer of more than {LONGEST_BODY} bytes is not mended")
    text = body.decode(errors="replace")
    parts: list[str] = []
    copied = levels = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "open":
            levels += 1
            if levels == MOST_LEVELS + 1:
                parts += (text[copied : token.start()], _TOO_DEEP)
        elif kind == "close":
            levels -= 1
            if levels == MOST_LEVELS:
                copied = token.end()
        elif levels <= MOST_LEVELS:
            parts += (text[copied : token.start()], _LONG_NUMBER if kind == "number" else _whole(token[0]))
            copied = token.end()
    # Where it ends inside of what was left out, its end is missing, and it must not look whole.
    return "".join(parts) if levels > MOST_LEVELS else "".join((*parts, text[copied:]))


def _whole(text: str) -> str:
    return _ESCAPE.sub(_without_half, text) if "\\" in text else text


def _without_half(escape: re.Match[str]) -> str:
    return escape[0] if escape["half"] is None else REPLACEMENT
