"""What tests ask of a script."""

from twilio_rt_cli.caller.script import BargeIn, Say, Script, Utterance


def utterances(script: Script) -> tuple[Utterance, ...]:
    """Everything the caller will say, in order."""
    return tuple(step.utterance for step in script if isinstance(step, Say | BargeIn))
