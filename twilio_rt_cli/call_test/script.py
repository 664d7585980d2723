"""What the caller of a `call-test` does: the script that its options ask for."""

from twilio_rt_cli.audio import tones
from twilio_rt_cli.call_test.options import CallTestOptions, read_audio
from twilio_rt_cli.call_test.voice import CallerVoice
from twilio_rt_cli.caller.script import (
    HangUp,
    Say,
    Script,
    Utterance,
    WaitAnswer,
    WaitGreeting,
    default_script,
    staying_on,
    turns_script,
    with_interruptions,
    with_keys,
)

_INTERJECTION = "Sorry, just a moment, please."


def script_for(options: CallTestOptions, voice: CallerVoice | None) -> Script:
    """The caller's script; without a voice and without audio files the caller only makes tones.

    Raises SettingsError for an audio file that cannot be read.
    """
    turns = _turns(options, voice)
    if turns:
        script = turns_script(turns)
    elif voice is not None:
        script = default_script(voice.speak)
    else:
        script = _tones()
    if options.dtmf:
        script = with_keys(script, options.dtmf)
    if options.barge_in:
        script = with_interruptions(script, _interjection(turns, voice))
    return script if options.duration_s is None else staying_on(script)


def _turns(options: CallTestOptions, voice: CallerVoice | None) -> list[Utterance]:
    assert voice is not None or not options.say
    said = [Utterance(text, voice.speak(text)) for text in options.say] if voice is not None else []
    return said + [Utterance(path.name, read_audio(path)) for path in options.audio]


def _interjection(turns: list[Utterance], voice: CallerVoice | None) -> Utterance:
    """What cuts off the last answer: a few words, or the first recording once more."""
    if voice is not None:
        return Utterance(_INTERJECTION, voice.speak(_INTERJECTION))
    return turns[0] if turns else _tone()


def _tones() -> Script:
    """For a far end that may take no tone for speech: nothing is demanded."""
    return (
        WaitGreeting(limit_s=6, required=False),
        Say(_tone()),
        WaitAnswer(limit_s=5, required=False),
        HangUp(),
    )


def _tone() -> Utterance:
    return Utterance("(a tone)", tones.tone(440, 1000, -20))
