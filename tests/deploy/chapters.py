"""What deploy/README.md says, chapter by chapter."""

import re

from tests.deploy.documented import DEPLOY

README = (DEPLOY / "README.md").read_text()
CHAPTERS: dict[str, str] = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL))


def shell_blocks(chapter: str) -> list[str]:
    """What is to be typed, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", CHAPTERS[chapter], re.MULTILINE | re.DOTALL)


def typed_on_a_host(chapter: str) -> list[str]:
    """The same without what is typed beside a cluster."""
    return [block for block in shell_blocks(chapter) if "kubectl" not in block]


def typed_beside_a_cluster() -> list[str]:
    """Each command of kubectl's, in its order, on one line each, with what follows it in a pipe left to its own."""
    blocks = "\n".join(block for chapter in CHAPTERS for block in shell_blocks(chapter) if "kubectl" in block)
    inline = re.findall(r"`(kubectl [^`]+)`", README)
    joined = re.sub(r"\\\n\s*", "", blocks)
    quoted = re.sub(r"'[^']*'", lambda found: found[0].replace("\n", "\0"), joined)
    return [
        part for line in quoted.splitlines() for part in re.split(r" \| ", line) if part.startswith("kubectl")
    ] + inline
