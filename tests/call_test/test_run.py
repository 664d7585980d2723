"""Whole test calls against a stand-in, with a voice of tones."""

import json
import os
import signal
import threading
import wave
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.call_test.call_tests import options, recording, stand_in_thread, tone_voice
from tests.caller.stand_in import TOKEN, Manners
from twilio_rt_cli.call_test.options import Expectations
from twilio_rt_cli.call_test.run import run
from twilio_rt_cli.call_test.voice import CallerVoice
from twilio_rt_cli.errors import MissingExtraError


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env here
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)


def no_voice() -> CallerVoice:
    raise MissingExtraError("The offline voice is not installed.")


def test_a_person_sees_the_call_and_then_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    with stand_in_thread(Manners(closes_after=1)) as bridge:
        code = run(options(bridge.origin, say=("Is anybody there?",)), tone_voice)

    told = capsys.readouterr()
    assert code == 0, told.err
    lines = [" ".join(line.split()[1:]) for line in told.err.splitlines()]
    assert [line for line in lines if line.startswith("caller")] == ["caller Is anybody there?"]
    assert sum(line.startswith("agent speaks") for line in lines) == 2
    assert lines[-1] == "ended the bridge hung up"
    out = told.out.splitlines()
    assert any(line.startswith("first audio") and line.endswith("ms after start") for line in out)
    assert any("Is anybody there?" in line and "a tone of 240 milliseconds" in line for line in out)
    assert out[-2:] == [
        "No recording was made; add --record call.wav to hear the call.",
        "The call test passed.",
    ]


def test_expectations_recordings_and_junit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expectations = Expectations(expect=("240 milliseconds", "no such words"), max_first_audio_ms=5000, max_v2v_ms=1)
    with stand_in_thread(Manners(closes_after=1)) as bridge:
        code = run(
            options(
                bridge.origin,
                say=("Hello",),
                expectations=expectations,
                record=tmp_path / "call.wav",
                junit=tmp_path / "junit.xml",
                json=True,
            ),
            tone_voice,
        )

    summary = json.loads(capsys.readouterr().out)
    assert code == summary["exit_code"] == 3
    assert not summary["ok"]
    slow, silent = summary["failures"]
    assert slow.startswith("an answer took ")
    assert silent == "the agent never said “no such words”"
    assert summary["recordings"] == [str(tmp_path / "call.wav")]
    with wave.open(str(tmp_path / "call.wav")) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 8000, 2)
        assert sound.getnframes() > 4000
    suite = ET.fromstring((tmp_path / "junit.xml").read_bytes())
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")


def test_breaches_are_listed_and_fail_a_strict_test(capsys: pytest.CaptureFixture[str]) -> None:
    manners = Manners(closes_after=1, extra=['{"event":"clear","streamSid":"SID","why":"nothing"}'])
    with stand_in_thread(manners) as bridge:
        code = run(options(bridge.origin, say=("Hello",), expectations=Expectations(strict=True)), tone_voice)

    assert code == 3
    assert "breach of the protocol: " in capsys.readouterr().out


def test_several_calls_at_once_give_spreads_and_a_recording_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stand_in_thread(Manners(closes_after=1)) as bridge:
        code = run(options(bridge.origin, say=("Hello",), calls=3, record=tmp_path / "c.wav", json=True), tone_voice)

    summary = json.loads(capsys.readouterr().out)
    assert code == 0, summary
    assert set(summary["first_audio_ms"]) == {"p50", "p95", "max"}
    assert sorted(turn["call"] for turn in summary["turns"]) == [0, 1, 2]
    assert [path.name for path in sorted(tmp_path.glob("*.wav"))] == ["c-0.wav", "c-1.wav", "c-2.wav"]


def test_without_the_voice_recordings_still_work_and_nobody_listens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stand_in_thread(Manners(closes_after=1)) as bridge:
        code = run(options(bridge.origin, audio=(recording(tmp_path),), json=True), no_voice)

    summary = json.loads(capsys.readouterr().out)
    assert code == 0, summary
    assert [(turn["caller"], turn["agent"]) for turn in summary["turns"]] == [("tone-150.wav", None)]


def test_without_the_voice_the_caller_speaks_in_tones(capsys: pytest.CaptureFixture[str]) -> None:
    with stand_in_thread(Manners(closes_after=1)) as bridge:
        code = run(options(f"ws://127.0.0.1:{bridge.port}/media"), no_voice)

    told = capsys.readouterr()
    assert code == 0
    assert "the caller speaks in tones" in told.err
    assert "(a tone)" in told.out


def test_what_needs_the_voice_says_so() -> None:
    for changes in ({"say": ("Hello",)}, {"expectations": Expectations(expect=("hello",))}):
        with pytest.raises(MissingExtraError):
            run(options("http://127.0.0.1:1", **changes), no_voice)


def test_the_first_signal_hangs_up_and_the_test_has_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    with stand_in_thread() as bridge:
        interrupt = threading.Thread(target=_signal_when_connected, args=(bridge.kinds, 1))
        interrupt.start()
        code = run(options(bridge.origin, say=("Hello",), duration_s=30.0, json=True), tone_voice)
        interrupt.join()

    told = capsys.readouterr()
    summary = json.loads(told.out)
    assert (code, summary["exit_code"], summary["ok"]) == (130, 130, False)
    assert summary["failures"] == ["stopped before the script was over"]
    assert "hanging up; Ctrl-C again ends at once" in told.err
    assert bridge.kinds()[-1] == "stop"


def _signal_when_connected(kinds: object, _: int) -> None:
    """Waits for `start` at the stand-in, then presses Ctrl-C."""
    assert callable(kinds)
    pause = threading.Event()
    for _attempt in range(500):
        if "start" in kinds():
            os.kill(os.getpid(), signal.SIGINT)
            return
        pause.wait(0.01)
    raise AssertionError("the call never began")
