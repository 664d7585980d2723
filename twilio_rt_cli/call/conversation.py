"""The agent's side of a call: what the model says and does, and what the caller hears of it.

Joins the deciders: an answer's audio goes through `Playout`, its function calls through `ToolCalls`, and every request
for a response through `Turns`. `BargeIns` knows what the caller interrupts, `ResponseTimes` how long they wait.
"""

from collections.abc import Sequence

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.call.answers import Answer, Unwritten, cut_of
from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.barge_in import BargeIns
from twilio_rt_cli.call.commands import Command, RunTool
from twilio_rt_cli.call.events import ToolFinished
from twilio_rt_cli.call.figures.cost import count_usage
from twilio_rt_cli.call.figures.end_reason import Ending, EndReason
from twilio_rt_cli.call.figures.statistics import count_kind
from twilio_rt_cli.call.model_link import ModelLink
from twilio_rt_cli.call.notices import (
    BargedIn,
    CallTrouble,
    CutOff,
    FirstAudio,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.call.playout import MAX_WAITING, Playout
from twilio_rt_cli.call.response_times import ResponseTimes
from twilio_rt_cli.call.toolcalls import Answers, ToolCalls
from twilio_rt_cli.call.turns import Turns, Wish
from twilio_rt_cli.protocol.realtime import (
    AudioDelta,
    AudioDone,
    ErrorDetails,
    ErrorReported,
    InputCommitted,
    Item,
    ItemAdded,
    OutputItemDone,
    Response,
    ResponseCreated,
    ResponseDone,
    ResponseId,
    ServerEvent,
    SpeechStarted,
    SpeechStopped,
    TranscriptDelta,
    TranscriptDone,
    TranscriptionCompleted,
    TranscriptionFailed,
)
from twilio_rt_cli.protocol.realtime_client import (
    CancelResponse,
    CreateItem,
    DeleteItem,
)
from twilio_rt_cli.protocol.realtime_errors import HARMLESS, HOPELESS

MOST_FAILURES = 2
"""So many failed responses in a row end the call"""


Answered = tuple[list[Command], Ending | None]
"""What is ordered, and how the call has to end, if it has to"""


class Conversation:
    """Takes the model's events once the session is agreed."""

    def __init__(self, plan: CallPlan, link: ModelLink, arrivals: Arrivals, now: float) -> None:
        self.playout = Playout(now, link.statistics)
        self._statistics = link.statistics
        self._greeting = plan.greeting
        self._prices = plan.prices
        self._turns = Turns()
        self._tools = ToolCalls()
        self._times = ResponseTimes(plan, link, arrivals, now)
        self._answers: dict[ResponseId, Answer] = {}
        self._barge_ins = BargeIns(self.playout, self._answers, link.statistics)
        self._unwritten = Unwritten()
        self._failures = 0

    def greet(self, now: float) -> list[Command]:
        """The agent speaks first, if it has a greeting."""
        if not self._greeting:
            return []
        words = f'Say exactly this to the caller, and nothing else: "{self._greeting}"'
        return list(self._turns.want(Wish(instructions=words, opening=True), now))

    def words(self, event: TranscriptDelta, now: float) -> None:
        """The next words of an item's audio."""
        self._turns.stirred_at = now
        if (answer := self._answers.get(event.response_id)) is not None:
            answer.words(event)

    def audio(self, event: AudioDelta, now: float) -> Sequence[Command]:
        """Agent audio: on its way to the caller, unless its response was interrupted."""
        self._turns.stirred_at = now
        answer = self._answers.get(event.response_id)
        if answer is None:
            if self._barge_ins.drops(event.response_id):
                return []
            answer = self._answers[event.response_id] = Answer()
        if answer.interrupted:
            self._barge_ins.drop(event, answer)
            return []
        sent: Sequence[Command] = self.playout.append(event.item_id, event.delta, now)
        if answer.spoken_at_ms is None:
            sent = [*sent, *self._first_audio(event.response_id, answer, now)]
        if self.playout.waiting > MAX_WAITING:
            return [*sent, *self._too_much(event.response_id)]
        return sent

    def receive(self, event: ServerEvent | ToolFinished, now: float) -> Answered:
        """Everything but agent audio."""
        self._turns.stirred_at = now
        match event:
            case ResponseDone():
                return self._response_done(event.response, now)
            case ErrorReported():
                return self._error(event.error, now)
            case _:
                return self._follow(event, now), None

    def mark_echoed(self, name: str, now: float) -> Sequence[Command]:
        """Twilio reached one of our marks, or flushed it."""
        commands, found = self.playout.echo(name, now)
        return commands if found is None else [*commands, *self._barge_ins.settle(found)]

    def keys(self, message: CreateItem, now: float) -> list[Command]:
        """The caller pressed keys: the model is told, and asked to answer."""
        return [message, *self._turns.want(Wish(items=frozenset({message.item.id})), now)]

    def waiting_ms(self, now: float) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""
        return self._times.waiting_ms(now)

    def state(self, now: float) -> str:
        """What goes on, in a word."""
        if self._turns.caller_speaking:
            return "caller"
        if self.playout.unheard(now):
            return "speaking"
        if tool := self._tools.running:
            return f"tool:{tool}"
        return "thinking" if self._turns.answering else "listening"

    def break_off(self, now: float) -> list[Command]:
        """The call ends now: what was said and heard of all that is not finished. The model is told nothing more."""
        notices: list[Command] = [turn for answer in self._answers.values() if (turn := answer.turn()) is not None]
        self._answers.clear()
        self._times.gave_up(now)
        cuts, rest = self.playout.break_off(now)
        for found in cuts:
            notices += [one for one in self._barge_ins.settle(found) if type(one) is BargedIn]
        cut = tuple(cut_of(one) for one in rest if one.heard < one.received)
        return [*notices, CutOff(cut)] if cut else notices

    def deadline(self) -> float | None:
        """When to call `wake`."""
        times = [at for at in (self.playout.deadline(), self._turns.deadline()) if at is not None]
        return min(times, default=None)

    def wake(self, now: float) -> Answered:
        """Time passed."""
        commands: list[Command] = []
        released, cuts = self.playout.wake(now)
        commands += released
        for found in cuts:
            commands += self._barge_ins.settle(found)
        requests, stalled = self._turns.wake(now)
        commands += requests
        return commands, Ending(EndReason.MODEL_STALLED) if stalled else None

    def _first_audio(self, response_id: ResponseId, answer: Answer, now: float) -> list[Command]:
        self._barge_ins.playing(response_id)
        answer.spoken_at_ms = self._times.ms(now)
        answer.v2v_ms = self._times.answered(now)
        if self._statistics.first_audio_ms is not None:
            return []
        self._statistics.first_audio_ms = answer.spoken_at_ms
        return [FirstAudio(answer.spoken_at_ms)]

    def _follow(self, event: ServerEvent | ToolFinished, now: float) -> list[Command]:
        match event:
            case AudioDone():
                return [*self.playout.item_done(event.item_id, now)]
            case SpeechStarted():
                return self._speech_started(event, now)
            case SpeechStopped():
                self._turns.speech_stopped(now)
                self._times.speech_stopped(event, now)
            case InputCommitted():
                self._turns.speech_stopped(now)
                self._statistics.turns += 1
                self._unwritten.began(event.item_id, self._times.ms(now))
            case ItemAdded():
                if event.item.id is not None:
                    self._turns.item_added(event.item.id)
            case ResponseCreated():
                return self._response_created(event.response.id, now)
            case TranscriptDone():
                if (answer := self._answers.get(event.response_id)) is not None:
                    answer.written(event)
            case OutputItemDone():
                return self._run_tool(event.response_id, event.item)
            case ToolFinished():
                return self._tool_finished(event, now)
            case TranscriptionCompleted():
                said = self._unwritten.written(event)
                return [said] if said is not None else []
            case TranscriptionFailed():
                return [CallTrouble("model", event.error.code or "transcription_failed", event.error.text)]
            case _:
                pass  # session events say nothing new here
        return []

    def _speech_started(self, event: SpeechStarted, now: float) -> list[Command]:
        self._turns.speech_started(now)
        began_at = self._times.speech_started(event, now)
        self._unwritten.began(event.item_id, self._times.ms(now if began_at is None else began_at))
        stop_ms = None if began_at is None else (now - began_at) * 1000
        return self._barge_ins.begin(self._turns.active, stop_ms, now)

    def _response_created(self, response_id: ResponseId, now: float) -> list[Command]:
        self._answers.setdefault(response_id, Answer())
        if not self._turns.created(response_id, now):
            return []
        # Ours, but the caller began to speak while it was on its way: nobody is talked over.
        self._barge_ins.interrupt(response_id)
        return [CancelResponse(response_id)]

    def _response_done(self, response: Response, now: float) -> Answered:
        answer = self._answers.pop(response.id, None) or Answer()
        if response.usage is not None:
            count_usage(self._statistics, response.usage, self._prices)
        commands: list[Command] = []
        for item in response.output or ():
            commands += self._run_tool(response.id, item)
        commands += [DeleteItem(item) for item in sorted(answer.late_items)]
        if (turn := answer.turn()) is not None:
            commands.append(turn)
        interrupted = answer.interrupted or response.status == "cancelled"
        commands += self._answer_tools(self._tools.response_done(response.id, interrupted=interrupted), now)
        ending = None
        if response.status == "failed":
            trouble, ending = self._response_failed(response, now)
            commands.append(trouble)
        elif response.status == "completed":
            self._failures = 0
        return [*commands, *self._turns.done(response.id, now)], ending

    def _response_failed(self, response: Response, now: float) -> tuple[CallTrouble, Ending | None]:
        error = response.status_details.error if response.status_details else None
        code = (error and error.code) or "response_failed"
        self._failures += 1
        self._statistics.model_failures += 1
        ending = self._too_often(code)
        if ending is None:
            self._turns.want(self._turns.wish_of(response.id), now)  # goes out when this response is done
        return CallTrouble("model", code, (error and error.message) or "a response failed"), ending

    def _too_often(self, code: str) -> Ending | None:
        """Why a failure is the last one, if it is."""
        if code in HOPELESS:
            return Ending(EndReason.MODEL_REFUSED)
        return Ending(EndReason.MODEL_GONE) if self._failures >= MOST_FAILURES else None

    def _run_tool(self, response_id: ResponseId, item: Item) -> list[Command]:
        if not self._tools.begin(response_id, item) or item.call_id is None or item.name is None:
            return []
        self._statistics.tool_calls += 1
        arguments = item.arguments or "{}"
        return [ToolStarted(item.call_id, item.name, arguments), RunTool(item.call_id, item.name, arguments)]

    def _tool_finished(self, event: ToolFinished, now: float) -> list[Command]:
        name, answers = self._tools.finished(event)
        self._statistics.tool_ms.append(event.elapsed_ms)
        self._statistics.tool_failures += not event.ok
        answered = ToolAnswered(event.tool_call_id, name, event.ok, event.elapsed_ms, event.output)
        return [answered, *self._answer_tools(answers, now)]

    def _answer_tools(self, answers: Answers, now: float) -> list[Command]:
        if not answers.wanted:
            return [*answers.items]
        items = frozenset(one.item.id for one in answers.items)
        return [*answers.items, *self._turns.want(Wish(items=items), now)]

    def _error(self, error: ErrorDetails, now: float) -> Answered:
        code = error.name
        count_kind(self._statistics.model_errors, code)
        ours = self._turns.refused(error.event_id, now)
        if code in HARMLESS:
            return [], None
        self._statistics.model_failures += 1
        if ours:
            self._failures += 1
        return [CallTrouble("model", code, error.text)], self._too_often(code)

    def _too_much(self, response_id: ResponseId) -> list[Command]:
        self._barge_ins.interrupt(response_id)
        message = f"{MAX_WAITING // PER_MS // 60_000} minutes of unheard audio: the response was cancelled"
        return [CancelResponse(response_id), CallTrouble("model", "too_much_audio", message)]
