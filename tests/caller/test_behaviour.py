"""How the caller behaves, as transcripts: a line says for how long the agent is heard, then what the caller did."""

from collections.abc import Callable

from tests.caller.sounds import tone
from twilio_rt_cli.caller.behaviour import CallerBehaviour, Fail, Leave, Order, Patience, Press, Speak
from twilio_rt_cli.caller.script import BargeIn, Dtmf, HangUp, Pause, Say, Step, Utterance, WaitAnswer, WaitGreeting

HELLO, MORE = Utterance("hello", tone(400)), Utterance("more", tone(400))


class Listener:
    """Ticks a behaviour like a phone would, with a caller whose words take 400 ms."""

    def __init__(self, *script: Step, patience: Patience | None = None) -> None:
        self.behaviour = CallerBehaviour(script, patience)
        self.now = 1000.0
        self._words_until = 0.0
        self.orders: list[tuple[int, Order]] = []

    def agent(self, ms: int, *, audible: bool = True, more: bool | None = None) -> list[Order]:
        """The agent is heard, or not, for so long; answers what the caller did meanwhile."""
        done: list[Order] = []
        for _ in range(ms // 20):
            self.now += 0.02
            orders = self.behaviour.tick(
                self.now,
                audible=audible,
                more=audible if more is None else more,
                speaking=self.now < self._words_until,
            )
            if any(isinstance(order, Speak) for order in orders):
                self._words_until = self.now + 0.4
            done += orders
        return done

    def silence(self, ms: int) -> list[Order]:
        return self.agent(ms, audible=False)


def test_it_speaks_when_the_greeting_is_over() -> None:
    caller = Listener(WaitGreeting(), Say(HELLO))

    assert caller.silence(500) == []
    assert caller.agent(2000) == []
    assert caller.silence(880) == []
    assert caller.silence(40) == [Speak(HELLO)]


def test_a_pause_of_the_agent_is_not_its_end() -> None:
    caller = Listener(WaitGreeting(), Say(HELLO))
    caller.agent(500)

    assert caller.silence(600) == []
    assert caller.agent(500) == []
    assert caller.silence(960) == [Speak(HELLO)]


def test_an_agent_with_more_to_play_is_not_done() -> None:
    caller = Listener(WaitGreeting(), Say(HELLO))
    caller.agent(500)

    assert caller.agent(1500, audible=False, more=True) == []
    assert caller.silence(960) == [Speak(HELLO)]


def test_without_the_greeting_it_demands_it_says_so_and_leaves() -> None:
    caller = Listener(WaitGreeting(limit_s=2), Say(HELLO))

    assert caller.silence(1900) == []
    assert caller.silence(3000) == [Fail("no greeting within 2 s"), Leave()]


def test_without_a_greeting_it_does_not_demand_it_begins() -> None:
    caller = Listener(WaitGreeting(limit_s=2, required=False), Say(HELLO))

    assert caller.silence(2100) == [Speak(HELLO)]


def test_the_answer_is_what_is_heard_after_the_words_began() -> None:
    caller = Listener(Say(HELLO), WaitAnswer(), HangUp())

    assert caller.silence(1500) == [Speak(HELLO)]
    assert caller.agent(800) == []
    assert caller.silence(940) == [Leave()]


def test_no_answer_is_a_failure() -> None:
    caller = Listener(Say(HELLO), WaitAnswer(limit_s=3), HangUp())

    assert caller.silence(4000) == [Speak(HELLO), Fail("no answer to “hello” within 3 s"), Leave()]


def test_an_answer_without_end_is_a_failure() -> None:
    caller = Listener(Say(HELLO), WaitAnswer(limit_s=3), HangUp(), patience=Patience(answer_s=5))
    caller.silence(1000)

    assert caller.agent(12_000) == [Fail("the answer to “hello” did not end within 5 s"), Leave()]


def test_an_answer_that_began_too_early_and_was_cut_is_still_to_come() -> None:
    caller = Listener(Say(HELLO), WaitAnswer(), HangUp())
    caller.silence(200)
    caller.agent(100)  # in a pause of the caller's own sentence
    caller.behaviour.agent_cut()

    assert caller.silence(1500) == []
    assert caller.agent(500) == []
    assert caller.silence(940) == [Leave()]


def test_barge_in_speaks_over_the_answer() -> None:
    caller = Listener(Say(HELLO), BargeIn(MORE, after_ms=1000), WaitAnswer(), HangUp())
    caller.silence(900)

    assert caller.agent(980) == []
    assert caller.agent(40) == [Speak(MORE)]
    assert caller.agent(200) == []  # the old answer goes on until it is cut
    caller.behaviour.agent_cut()
    assert caller.silence(1200) == []
    assert caller.agent(600) == []
    assert caller.silence(940) == [Leave()]


def test_an_answer_shorter_than_the_barge_in_is_followed_by_plain_words() -> None:
    caller = Listener(Say(HELLO), BargeIn(MORE, after_ms=1000))
    caller.silence(900)
    caller.agent(500)

    assert caller.silence(960) == [Speak(MORE)]


def test_an_agent_that_talks_on_is_a_failure_once() -> None:
    caller = Listener(Say(HELLO), BargeIn(MORE, after_ms=100), WaitAnswer(), HangUp())
    caller.silence(900)

    orders = caller.agent(8000)

    assert orders == [Speak(MORE), Fail("the agent talked on for 2500 ms when it was interrupted by “more”")]


def test_the_old_answer_is_over_when_it_falls_silent() -> None:
    caller = Listener(Say(HELLO), BargeIn(MORE, after_ms=100), WaitAnswer(limit_s=5), HangUp())
    caller.silence(900)
    caller.agent(700)  # 100 ms, then on over the caller

    assert caller.silence(1500) == []  # not an answer yet
    caller.agent(500)
    assert caller.silence(940) == [Leave()]


def test_keys_are_pressed_one_after_the_other() -> None:
    caller = Listener(Dtmf("1#"), Pause(500), HangUp())

    assert caller.silence(20) == [Press("1")]
    assert caller.silence(280) == []
    assert caller.silence(40) == [Press("#")]
    assert caller.silence(480) == []
    assert caller.silence(60) == [Leave()]


def test_the_agent_may_end_the_call_once_all_is_said() -> None:
    caller = Listener(Say(HELLO), WaitAnswer(), HangUp())
    said: Callable[[], bool] = lambda: caller.behaviour.all_said  # noqa: E731

    assert not said()
    caller.silence(200)
    assert not said()
    caller.silence(400)
    assert said()


def test_a_script_without_end_stays_on_the_line() -> None:
    caller = Listener(Say(HELLO))

    assert caller.silence(60_000) == [Speak(HELLO)]
