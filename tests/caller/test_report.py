from tests.caller.sounds import tone
from twilio_rt_cli.caller.figures import Figures
from twilio_rt_cli.caller.phone import AgentAudio, Identity, Phone, Spoken
from twilio_rt_cli.caller.report import CallReport, take_down
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, StreamSid


def test_what_was_heard_is_divided_among_greeting_and_turns() -> None:
    phone = Phone(Identity(CallSid("CA1"), AccountSid("AC1"), StreamSid("MZ1")))
    figures = Figures(100.0)
    figures.caller_spoke("one", Spoken(101.0, 102.0), over_agent=False)
    figures.agent_audio(AgentAudio(103.0, 800, audible=True, fresh=True))
    figures.caller_spoke("unanswered", Spoken(104.0, 105.0), over_agent=False)
    figures.caller_spoke("two", Spoken(106.0, 107.0), over_agent=False)
    figures.agent_audio(AgentAudio(108.0, 1600, audible=True, fresh=True))
    report = CallReport("CA1")

    take_down(report, phone, figures, b"g" * 800 + b"1" * 800 + b"2" * 400)

    assert report.greeting is not None
    assert report.greeting.audio == b"g" * 800
    assert [turn.audio for turn in report.turns] == [b"1" * 800, b"", b"2" * 400]
    assert [turn.v2v_ms for turn in report.turns] == [1000.0, None, 1000.0]
    assert [answer.audio[:1] for answer in report.answers()] == [b"g", b"1", b"2"]


def test_without_a_turn_everything_is_the_greeting_and_without_audio_there_is_none() -> None:
    phone = Phone(Identity(CallSid("CA1"), AccountSid("AC1"), StreamSid("MZ1")))
    greeted, silent = CallReport("CA1"), CallReport("CA2")

    take_down(greeted, phone, Figures(0.0), tone(20))
    take_down(silent, phone, Figures(0.0), b"")

    assert greeted.answers()[0].audio == tone(20)
    assert silent.greeting is None
    assert silent.answers() == ()
