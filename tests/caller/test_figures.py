import pytest

from twilio_rt_cli.caller.figures import Figures, Interruption
from twilio_rt_cli.caller.phone import AgentAudio, AgentCut, Spoken
from twilio_rt_cli.caller.playout import Cleared


def audio(at: float, position: int = 0, *, audible: bool = True, fresh: bool = True) -> AgentAudio:
    return AgentAudio(at, position, audible, fresh)


def test_first_audio_is_the_first_media_even_if_silent() -> None:
    figures = Figures(100.0)
    figures.agent_audio(audio(100.3, audible=False))
    figures.agent_audio(audio(100.5))

    assert figures.first_audio_ms == pytest.approx(300)


def test_v2v_runs_from_the_last_sample_to_the_first_audible_audio() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("hello", Spoken(101.0, 102.0), over_agent=False)
    assert not figures.agent_audio(audio(102.5, audible=False))
    assert figures.agent_audio(audio(102.8, position=800))
    assert not figures.agent_audio(audio(102.9, position=960, fresh=False))

    assert figures.turns[0].v2v_ms == pytest.approx(800)
    assert figures.turns[0].answer_position == 0


def test_what_is_left_of_the_old_answer_is_not_the_new_one() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("hello", Spoken(101.0, 102.0), over_agent=True)
    figures.agent_audio(audio(102.1, fresh=False))

    assert figures.turns[0].v2v_ms is None


def test_an_answer_in_a_pause_of_the_sentence_gives_no_figure() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("hello … there", Spoken(101.0, 103.0), over_agent=False)
    figures.agent_audio(audio(102.0))
    figures.agent_audio(audio(103.5, position=9000))

    assert figures.turns[0].v2v_ms is None
    assert figures.turns[0].answer_position == 0


def test_an_early_answer_that_was_cut_does_not_count() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("hello … there", Spoken(101.0, 103.0), over_agent=False)
    figures.agent_audio(audio(102.0))
    figures.agent_cut(AgentCut(Cleared(102.2, 1600, 99)))
    figures.agent_audio(audio(103.5, position=1600))

    assert figures.turns[0].v2v_ms == pytest.approx(500)
    assert figures.turns[0].answer_position == 1600


def test_a_clear_ends_the_interruption_and_tells_what_was_heard() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("hello", Spoken(101.0, 102.0), over_agent=False)
    figures.agent_audio(audio(103.0, position=4000))
    figures.caller_spoke("wait", Spoken(104.0, 105.0), over_agent=True)

    figures.agent_cut(AgentCut(Cleared(104.25, 4000 + 10_000, 5000)))
    figures.agent_cut(AgentCut(Cleared(104.5, 14_000, 0)))

    (cut,) = figures.interruptions
    assert cut == Interruption(104.0, turn=1, answer_position=4000, stop_ms=cut.stop_ms, heard_ms=cut.heard_ms)
    assert [cut.stop_ms, cut.heard_ms] == pytest.approx([250, 1250])


def test_a_clear_long_after_belongs_to_no_earlier_interruption() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("one", Spoken(101.0, 102.0), over_agent=True)
    figures.caller_spoke("two", Spoken(111.0, 112.0), over_agent=False)

    assert figures.agent_cut(AgentCut(Cleared(111.5, 0, 0))) is None
    assert figures.interruptions[0].stop_ms is None


def test_the_greeting_begins_once() -> None:
    figures = Figures(100.0)

    assert [figures.agent_audio(audio(100.1 + n)) for n in range(3)] == [True, False, False]


def test_the_silence_that_an_answer_opens_with_is_heard_of_it_but_not_waited_for() -> None:
    figures = Figures(100.0)
    figures.agent_audio(audio(100.5, position=0))
    figures.agent_audio(audio(100.8, position=1600, audible=False))  # the greeting's end
    figures.caller_spoke("hello", Spoken(101.0, 102.0), over_agent=False)
    figures.agent_audio(audio(102.5, position=4000, audible=False))
    figures.agent_audio(audio(102.8, position=6400))
    figures.caller_spoke("wait", Spoken(103.5, 104.0), over_agent=True)
    figures.agent_cut(AgentCut(Cleared(103.75, 4000 + 10_000, 5000)))

    assert figures.turns[0].v2v_ms == 800
    assert figures.turns[0].answer_position == 4000
    assert figures.interruptions[0].heard_ms == 1250


def test_silence_that_fills_a_pause_belongs_to_no_answer() -> None:
    figures = Figures(100.0)
    figures.caller_spoke("hello", Spoken(101.0, 102.0), over_agent=False)
    for number in range(101):
        figures.agent_audio(audio(102.0 + number * 0.02, position=number * 160, audible=False))
    figures.agent_audio(audio(104.1, position=16_160))

    assert 0 <= 16_160 - (figures.turns[0].answer_position or 0) <= 8000


def test_figures_are_rounded_once_to_tenths() -> None:
    figures = Figures(100.0)
    figures.agent_audio(audio(100.04946))
    figures.caller_spoke("hello", Spoken(101.0, 102.0), over_agent=False)
    figures.agent_audio(audio(102.10251, position=800))

    assert (figures.first_audio_ms, figures.turns[0].v2v_ms) == (49.5, 102.5)


def test_keys_are_a_turn_whose_answer_has_no_figure() -> None:
    figures = Figures(100.0)
    figures.agent_audio(audio(100.5))
    figures.key_pressed("1", 102.0)
    figures.key_pressed("#", 102.3)
    assert figures.agent_audio(audio(103.0, position=4000))
    figures.key_pressed("2", 104.0)

    assert [(turn.text, turn.v2v_ms, turn.answer_position) for turn in figures.turns] == [
        ("(keys 1#)", None, 4000),
        ("(keys 2)", None, None),
    ]
