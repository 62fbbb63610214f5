"""Names and reasons come from elsewhere: what in them would move a cursor, hide text or is no character of XML."""


def printable(text: str) -> str:
    """Escape it, as Python writes it; line ends stay."""
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
