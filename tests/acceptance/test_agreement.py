"""Spoken calls on good lines and bad: what the bridge says of itself, and what the phone heard."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TOKEN = "0123456789abcdef0123456789abcdef"
V2V_MS, HEARD_MS = 100, 45
LINES = (("--seed", "1"), ("--packet-loss", "5", "--seed", "2"), ("--latency-ms", "80", "--seed", "3"))
Event = dict[str, Any]


def command(*arguments: str) -> tuple[str, ...]:
    return sys.executable, "-m", "twilio_rt_cli", *arguments


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[Event]]]:
    """`serve --local` in an empty folder: its URL, and its event lines, which are all there when it has ended."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, "XDG_STATE_HOME": str(folder), "TWILIO_AUTH_TOKEN": TOKEN, "ADMIN_PORT": "0"}
    events: list[Event] = []
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command("serve", "--local", "--json", "--port", "0", "--host", "127.0.0.1"),
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        reading = threading.Thread(target=lambda: events.extend(map(json.loads, process.stdout or ())))
        reading.start()
        try:
            yield ready["url"], events
        finally:
            process.terminate()
            assert process.wait(30) == 0
            reading.join()
            process.stdout.close()


def call_test(folder: Path, url: str, *options: str) -> Event:
    environment = {**os.environ, "TWILIO_AUTH_TOKEN": TOKEN}
    done = subprocess.run(
        command("call-test", url, "--json", *options), cwd=folder, env=environment, capture_output=True, check=False
    )
    report: Event = json.loads(done.stdout)
    assert report["violations"] == []
    return report


@pytest.mark.acceptance
def test_the_bridges_figures_are_those_of_the_phone(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, events):
        phones = [call_test(tmp_path, url, *line) for line in LINES]
    ends = [one for one in events if one["type"] == "call.ended"]
    cuts = [one for one in events if one["type"] == "call.barge_in"]
    assert len(ends) == len(cuts) == len(LINES)
    latency_ms = (0.0, 0.0, 2 * 80.0)  # at the phone's ear the line's own way, there and back, is on top
    for phone, ended, cut, line, way_ms in zip(phones, ends, cuts, LINES, latency_ms, strict=True):
        counted = ended["statistics"]
        assert counted["frames_in"] == phone["frames"]["sent"]
        assert counted["frames_out"] == phone["frames"]["received"]
        assert (counted["marks_sent"], counted["marks_echoed"]) == (
            phone["marks"]["received"],
            phone["marks"]["echoed"],
        )
        pairs = list(zip((turn["v2v_ms"] for turn in phone["turns"]), counted["v2v_ms"], strict=True))
        off_ms = [theirs - way_ms - ours for theirs, ours in pairs]
        heard_off_ms = phone["barge_ins"][0]["heard_ms"] - cut["heard_ms"]
        shown = " ".join(f"{one:+.0f}" for one in off_ms)
        print(f"\n{' '.join(line)}: v2v at the phone later by {shown} ms, heard by {heard_off_ms:+.0f} ms", end="")
        assert max(map(abs, off_ms)) <= V2V_MS
        assert abs(heard_off_ms) <= HEARD_MS
    print()
