from pathlib import Path

from tests.call_test.call_tests import options, recording, tone_voice
from tests.caller.scripts import utterances
from twilio_rt_cli.call_test.script import script_for
from twilio_rt_cli.caller.script import BargeIn, Dtmf, HangUp, Say


def test_without_turns_it_is_the_default_script() -> None:
    script = script_for(options(None), tone_voice())

    assert sum(isinstance(step, BargeIn) for step in script) == 1
    assert script[-1] == HangUp()


def test_say_and_audio_replace_the_turns(tmp_path: Path) -> None:
    script = script_for(options("http://h", say=("One", "Two"), audio=(recording(tmp_path),)), tone_voice())

    assert [said.text for said in utterances(script)] == ["One", "Two", "tone-150.wav"]


def test_barge_in_interrupts_every_answer_also_to_a_recording(tmp_path: Path) -> None:
    spoken = script_for(options("http://h", say=("One",), barge_in=True), tone_voice())
    played = script_for(options("http://h", audio=(recording(tmp_path),), barge_in=True), None)

    assert [type(step) for step in spoken if isinstance(step, Say | BargeIn)] == [Say, BargeIn]
    assert [said.text for said in utterances(played)] == ["tone-150.wav"] * 2


def test_keys_come_after_the_greeting_and_a_duration_replaces_the_hang_up() -> None:
    script = script_for(options("http://h", say=("One",), dtmf="12", duration_s=9.0), tone_voice())

    assert script[1] == Dtmf("12")
    assert HangUp() not in script


def test_without_a_voice_the_caller_makes_a_tone() -> None:
    assert [said.text for said in utterances(script_for(options("ws://h"), None))] == ["(a tone)"]
