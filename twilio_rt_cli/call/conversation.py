"""The agent's side of a call: what the model says and does, and what the caller hears of it.

Joins the three deciders: an answer's audio goes through `Playout`, its function calls through `ToolCalls`, and every
request for a response through `Turns`. A barge-in ends an answer here first: its late audio is dropped by response id
from the very moment of `speech_started`; what the caller heard of it is settled when the fence comes back.
"""

from collections import deque
from collections.abc import Sequence

from twilio_rt_cli.call.answers import Answer, Unwritten, cut_of
from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.commands import Command, RunTool
from twilio_rt_cli.call.end_reason import EndReason
from twilio_rt_cli.call.events import ToolFinished
from twilio_rt_cli.call.generation import PER_MS, Heard
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
from twilio_rt_cli.call.statistics import CallStatistics, count_kind
from twilio_rt_cli.call.toolcalls import Answers, ToolCalls
from twilio_rt_cli.call.turns import Turns, Wish
from twilio_rt_cli.call.usage import count_usage
from twilio_rt_cli.protocol.realtime import (
    AudioDelta,
    AudioDone,
    ErrorDetails,
    ErrorReported,
    InputCommitted,
    Item,
    ItemAdded,
    ItemId,
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
    InputText,
    TruncateItem,
    UserMessage,
)

ALREADY_ACTIVE = "conversation_already_has_active_response"
HARMLESS = frozenset({ALREADY_ACTIVE, "response_cancel_not_active", "input_audio_buffer_commit_empty"})
"""Errors that only say that the other side was quicker"""
HOPELESS = frozenset(
    {"insufficient_quota", "invalid_api_key", "account_deactivated", "billing_hard_limit_reached", "model_not_found"}
)
"""Errors after which no response will ever come"""
HANGOVER_MS = 60
"""How much later than the ear a voice detector takes speech to end: it judges windows of some 30 ms, and its certainty
falls over two of them. Measured with Silero's against the loudness of speech: 40 to 90 ms, on lossy lines to 120"""
MOST_FAILURES = 2
"""So many failed responses in a row end the call"""


class Conversation:
    """Takes the model's events once the session is agreed. `verdict` says why the call should end, if it should."""

    def __init__(self, plan: CallPlan, statistics: CallStatistics, arrivals: Arrivals, now: float) -> None:
        self.playout = Playout(now, statistics)
        self.verdict: EndReason | None = None
        self._turns = Turns()
        self._tools = ToolCalls()
        self._after_speech_ms = plan.silence_ms + HANGOVER_MS if plan.silence_ms else 0
        self._prefix_ms = plan.prefix_ms
        self._greeting = plan.greeting
        self._prices = plan.prices
        self._statistics = statistics
        self._arrivals = arrivals
        self._started_at = now
        self.unsent = 0
        """samples of caller audio that came and were not written to the model's input buffer: held, or dropped"""
        self._speech_ended_at: float | None = None
        self._unwritten = Unwritten()
        self._stops_ms: deque[float | None] = deque()
        """of each clear that is not settled: how long after the caller's first sound it went out"""
        self._answers: dict[ResponseId, Answer] = {}
        self._dropped: deque[ResponseId] = deque(maxlen=32)
        self._cut_items: deque[ItemId] = deque(maxlen=64)
        self._playing: ResponseId | None = None
        self._failures = 0
        self._key_items = 0

    @property
    def appended(self) -> int:
        """Samples of caller audio written to the model's input buffer."""
        return self._statistics.bytes_in - self.unsent

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
            if event.response_id in self._dropped:
                return []
            answer = self._answers[event.response_id] = Answer()
        if answer.interrupted:
            self._statistics.agent_audio_dropped_bytes += len(event.delta)
            if not self.playout.late_audio(event.item_id) and event.item_id not in self._cut_items:
                answer.late_items.add(event.item_id)
            return []
        sent: Sequence[Command] = self.playout.append(event.item_id, event.delta, now)
        if answer.spoken_at_ms is None:
            sent = [*sent, *self._first_audio(event.response_id, answer, now)]
        if self.playout.waiting > MAX_WAITING:
            return [*sent, *self._too_much(event.response_id, answer)]
        return sent

    def receive(self, event: ServerEvent | ToolFinished, now: float) -> list[Command]:
        """Everything but agent audio."""
        self._turns.stirred_at = now
        match event:
            case AudioDelta():
                return [*self.audio(event, now)]
            case AudioDone():
                return [*self.playout.item_done(event.item_id, now)]
            case SpeechStarted():
                return self._speech_started(event, now)
            case SpeechStopped():
                self._turns.speech_stopped(now)
                if event.audio_end_ms:  # else it is not told, and no answer can be timed by it
                    ended = (event.audio_end_ms - self._after_speech_ms) * PER_MS
                    self._speech_ended_at = self._arrivals.moment_of(ended, self.appended, now)
            case InputCommitted():
                self._turns.speech_stopped(now)
                self._statistics.turns += 1
                self._unwritten.began(event.item_id, self._ms(now))
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
            case ResponseDone():
                return self._response_done(event.response, now)
            case ToolFinished():
                return self._tool_finished(event, now)
            case TranscriptionCompleted():
                said = self._unwritten.written(event)
                return [said] if said is not None else []
            case TranscriptionFailed():
                return [CallTrouble("model", event.error.code or "transcription_failed", event.error.text)]
            case ErrorReported():
                return self._error(event.error, now)
            case _:
                pass  # session events say nothing new here
        return []

    def mark_echoed(self, name: str, now: float) -> Sequence[Command]:
        """Twilio reached one of our marks, or flushed it."""
        commands, found = self.playout.echo(name, now)
        return commands if found is None else [*commands, *self._settle(found)]

    def keys(self, digits: str, now: float) -> list[Command]:
        """The caller pressed keys: the model is told, and asked to answer."""
        self._key_items += 1
        item_id = ItemId(f"item_keys_{self._key_items}")
        text = f"The caller pressed these keys on the phone: {digits}"
        item = CreateItem(UserMessage(id=item_id, content=(InputText(text),)))
        return [item, *self._turns.want(Wish(items=frozenset({item_id})), now)]

    def waiting_ms(self, now: float) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""
        return 0.0 if self._speech_ended_at is None else (now - self._speech_ended_at) * 1000

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
        told: list[Command] = [turn for answer in self._answers.values() if (turn := answer.turn()) is not None]
        self._answers.clear()
        self._no_answer_yet(now)
        cuts, rest = self.playout.break_off(now)
        for found in cuts:
            told += [one for one in self._settle(found) if type(one) is BargedIn]
        cut = tuple(cut_of(one) for one in rest if one.heard < one.received)
        return [*told, CutOff(cut)] if cut else told

    def deadline(self) -> float | None:
        """When to call `wake`."""
        times = [at for at in (self.playout.deadline(), self._turns.deadline()) if at is not None]
        return min(times, default=None)

    def wake(self, now: float) -> list[Command]:
        """Time passed."""
        commands: list[Command] = []
        released, cuts = self.playout.wake(now)
        commands += released
        for found in cuts:
            commands += self._settle(found)
        requests, stalled = self._turns.wake(now)
        commands += requests
        if stalled:
            self.verdict = EndReason.MODEL_STALLED
        return commands

    def _first_audio(self, response_id: ResponseId, answer: Answer, now: float) -> list[Command]:
        self._playing = response_id
        answer.spoken_at_ms = self._ms(now)
        if self._speech_ended_at is not None:
            answer.v2v_ms = self.waiting_ms(now)
            self._statistics.v2v_ms.append(answer.v2v_ms)
            self._speech_ended_at = None
        if self._statistics.first_audio_ms is not None:
            return []
        self._statistics.first_audio_ms = answer.spoken_at_ms
        return [FirstAudio(answer.spoken_at_ms)]

    def _no_answer_yet(self, now: float) -> None:
        """The caller gives up waiting, if they waited: such a wait is no v2v, and must not look like none."""
        if self._speech_ended_at is not None:
            self._statistics.unanswered_max_ms = max(self.waiting_ms(now), self._statistics.unanswered_max_ms)
            self._speech_ended_at = None

    def _ms(self, now: float) -> float:
        """Since the call began."""
        return (now - self._started_at) * 1000

    def _speech_started(self, event: SpeechStarted, now: float) -> list[Command]:
        self._turns.speech_started(now)
        self._no_answer_yet(now)
        # Where the speech is told to begin lies the prefix before the first sound. (Realtime API, prefix_padding_ms)
        began = (event.audio_start_ms + self._prefix_ms) * PER_MS
        began_at = self._arrivals.moment_of(began, self.appended, now)
        self._unwritten.began(event.item_id, self._ms(began_at if event.audio_start_ms else now))
        active = self._turns.active
        for response_id in {active, self._playing} - {None}:
            self._interrupt(response_id)
        self._playing = None
        if not self.playout.unheard(now) and not (active is not None and self.playout.unfinished):
            return []
        self._statistics.agent_audio_dropped_bytes += self.playout.waiting
        self._stops_ms.append((now - began_at) * 1000 if event.audio_start_ms else None)
        return [*self.playout.clear(now)]

    def _interrupt(self, response_id: ResponseId | None) -> None:
        if response_id is None:
            return
        self._dropped.append(response_id)
        if (answer := self._answers.get(response_id)) is not None:
            answer.interrupted = True

    def _settle(self, found: list[Heard]) -> list[Command]:
        """Tell the model what was heard: cut the item being heard, leave those heard to the end, take out the rest."""
        self._cut_items.extend(one.item_id for one in found)
        stop_ms = self._stops_ms.popleft() if self._stops_ms else None
        cuts = tuple(cut_of(one) for one in found if not (one.complete and one.heard >= one.received))
        if not cuts:
            return []
        self._statistics.barge_ins += 1
        if stop_ms is not None:
            self._statistics.barge_in_stop_ms.append(stop_ms)
        first = cuts[0]
        told: list[Command] = [BargedIn(first.heard_ms, first.received_ms, first.item_id, stop_ms, cuts)]
        for cut in cuts:
            item_id = ItemId(cut.item_id)
            told.append(TruncateItem(item_id, cut.heard_ms) if cut.heard_ms else DeleteItem(item_id))
        return told

    def _response_created(self, response_id: ResponseId, now: float) -> list[Command]:
        self._answers.setdefault(response_id, Answer())
        if not self._turns.created(response_id, now):
            return []
        # Ours, but the caller began to speak while it was on its way: nobody is talked over.
        self._interrupt(response_id)
        return [CancelResponse(response_id)]

    def _response_done(self, response: Response, now: float) -> list[Command]:
        answer = self._answers.pop(response.id, None) or Answer()
        self._count(response)
        commands: list[Command] = []
        for item in response.output or ():
            commands += self._run_tool(response.id, item)
        commands += [DeleteItem(item) for item in sorted(answer.late_items)]
        if (turn := answer.turn()) is not None:
            commands.append(turn)
        interrupted = answer.interrupted or response.status == "cancelled"
        commands += self._answer_tools(self._tools.response_done(response.id, interrupted=interrupted), now)
        if response.status == "failed":
            commands += self._response_failed(response, now)
        elif response.status == "completed":
            self._failures = 0
        return [*commands, *self._turns.done(response.id, now)]

    def _response_failed(self, response: Response, now: float) -> list[Command]:
        error = response.status_details.error if response.status_details else None
        code = (error and error.code) or "response_failed"
        self._failures += 1
        self._statistics.model_failures += 1
        if code in HOPELESS or self._failures >= MOST_FAILURES:
            self.verdict = EndReason.MODEL_REFUSED if code in HOPELESS else EndReason.MODEL_GONE
        else:
            self._turns.want(self._turns.wish_of(response.id), now)  # goes out when this response is done
        return [CallTrouble("model", code, (error and error.message) or "a response failed")]

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
        told = ToolAnswered(event.tool_call_id, name, event.ok, event.elapsed_ms, event.output)
        return [told, *self._answer_tools(answers, now)]

    def _answer_tools(self, answers: Answers, now: float) -> list[Command]:
        if not answers.wanted:
            return [*answers.items]
        items = frozenset(one.item.id for one in answers.items)
        return [*answers.items, *self._turns.want(Wish(items=items), now)]

    def _error(self, error: ErrorDetails, now: float) -> list[Command]:
        code = error.name
        count_kind(self._statistics.model_errors, code)
        ours = self._turns.refused(error.event_id, now)
        if code in HARMLESS:
            return []
        self._statistics.model_failures += 1
        if ours:
            self._failures += 1
        if code in HOPELESS:
            self.verdict = EndReason.MODEL_REFUSED
        elif self._failures >= MOST_FAILURES:
            self.verdict = EndReason.MODEL_GONE
        return [CallTrouble("model", code, error.text)]

    def _too_much(self, response_id: ResponseId, answer: Answer) -> list[Command]:
        answer.interrupted = True
        self._dropped.append(response_id)
        message = f"{MAX_WAITING // PER_MS // 60_000} minutes of unheard audio: the response was cancelled"
        return [CancelResponse(response_id), CallTrouble("model", "too_much_audio", message)]

    def _count(self, response: Response) -> None:
        if response.usage is not None:
            count_usage(self._statistics, response.usage, self._prices)
