"""The README's example of a signed notice, as it stands there, against a real receiver."""

import asyncio
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from controller.core.signals import Opening
from tests.runtime.conftest import no_waits, stage
from tests.runtime.stage import Stage
from tests.web.receiver import Receiver

__all__ = ["no_waits", "stage"]

README = (Path(__file__).parents[2] / "README.md").read_text()

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.once,
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is missing"),
]


async def test_the_signed_notice_of_the_readme_opens_an_incident(stage: Stage, tmp_path: Path) -> None:
    examples = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    [example] = [each for each in examples if "/webhooks/pager" in each]
    stage.clock.instant = time.time()
    (tmp_path / "config/secrets").mkdir(parents=True)
    receiver = Receiver(stage, tmp_path, (Opening({"team": "dialing"}, everything=True),))
    receiver.secret.rename(tmp_path / "config/secrets/pager")
    receiver.secret.symlink_to(tmp_path / "config/secrets/pager")
    await receiver.start()
    script = "set -eu\n" + example.replace("http://127.0.0.1:8642", receiver.url)
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", script, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, stdout=asyncio.subprocess.PIPE
    )
    told, _nothing = await asyncio.wait_for(shell.communicate(), 30)
    assert (shell.returncode, b'"opened"' in told) == (0, True)
    assert [each.incident.name for each in stage.ledger.incidents.values()] == ["pager/trunk-3"]
    await receiver.close()
