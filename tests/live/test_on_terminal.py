"""The live view around a run: the terminal is the view's, and afterwards there is a summary."""

import asyncio
import logging
import os
from contextlib import redirect_stderr, redirect_stdout

import pytest

from tests.live.glass import Glass
from tests.live.scene import Scene
from tests.server.world import run
from twilio_rt_cli.live.on_terminal import live_view
from twilio_rt_cli.output.logs import log_lines

log = logging.getLogger("twilio_rt.test")


@pytest.mark.parametrize("attached", [False, True])
def test_logs_stand_in_the_view_and_the_summary_comes_last(attached: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    glass = Glass()

    async def story() -> None:
        with glass.watched():
            with glass.streams() as (out, _), redirect_stdout(out), redirect_stderr(out), log_lines():
                with live_view(Scene(2), out, attached=attached) as screen:
                    log.warning("the tunnel is down")
                    os.write(out.fileno(), b"")
                    await glass.until(lambda seen: "log     the tunnel is down" in seen.text)
                    assert not screen.gone.is_set()
                await asyncio.sleep(0)
            await glass.until(lambda seen: seen.clean and "test the tunnel is down" in seen.raw)
            if not attached:
                await glass.until(lambda seen: "ms at worst" in seen.raw)

    run(story())
    after = glass.raw.rpartition("\x1b[?1049l")[2].splitlines()
    assert "warning  test the tunnel is down" in after[0]
    assert [line for line in after[1:] if line] == (
        []
        if attached
        else [
            "twilio-rt served for 2:14:09",
            "  calls        47 answered, 1 failed, 2 refused",
            "  answers      40 turns, voice-to-voice 780 ms median, 1140 ms p95",
            "  est. cost    $0.440 for 20800 tokens",
            "  loop lag     12 ms at worst",
        ]
    )
    glass.close()
