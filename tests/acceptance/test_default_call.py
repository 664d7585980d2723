"""The call that `twilio-rt call-test` places: twenty times out of twenty, and how quickly it is answered."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUNS, CALLS = 4, 5
FIRST_AUDIO_MS, MEDIAN_V2V_MS = 1000, 1200
TOOL_ANSWER = "Thursday"
"""Comes from the tool alone: the agent repeats the day it looked up"""


def call_test(folder: Path) -> dict[str, Any]:
    """One run of the default call, some callers at once, as a process that knows no settings."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_STATE_HOME") if name in os.environ}
    options = ("--json", "--strict", "--calls", str(CALLS), "--expect", TOOL_ANSWER)
    command = (sys.executable, "-m", "twilio_rt_cli", "call-test", *options)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.acceptance
def test_the_default_call_succeeds_twenty_times_out_of_twenty(tmp_path: Path) -> None:
    reports = [call_test(tmp_path) for _ in range(RUNS)]
    v2v_ms = [turn["v2v_ms"] for report in reports for turn in report["turns"]]
    first_audio_ms = [report["first_audio_ms"]["max"] for report in reports]
    stop_ms = [one["stop_ms"] for report in reports for one in report["barge_ins"]]
    median_v2v_ms = statistics.median(v2v_ms)
    print(
        f"\n{RUNS * CALLS} calls: first audio at most {max(first_audio_ms):.0f} ms, v2v median {median_v2v_ms:.0f} ms",
        end="",
    )
    print(f", longest {max(v2v_ms):.0f} ms; agent stopped after {statistics.median(stop_ms):.0f} ms median")
    assert all(report["ok"] and not report["violations"] and not report["failures"] for report in reports)
    assert len(stop_ms) == RUNS * CALLS
    assert max(first_audio_ms) < FIRST_AUDIO_MS
    assert median_v2v_ms < MEDIAN_V2V_MS
