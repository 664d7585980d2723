"""Glue: two sockets and one Call.

A frame is decoded, told to the Call, and what the Call orders is written to the other socket, all inside the callback
that brought the frame. Caller audio about which there is nothing to decide is passed on without an order. There is no
task, queue or await on that way; only the model's dial and the tools are tasks, and what comes of them is an event
again. A write may fill a buffer, and the leg says so from inside `send`: such an event waits in a small deque until the
running one is done, so that the Call never sees one event inside another.

When the call is over both sockets are closed; the owner is told once both are gone and no task is left.
"""

import asyncio
import logging
from binascii import b2a_base64
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from twilio_rt_cli.bridge.leg import Closed, Leg, Owner
from twilio_rt_cli.bridge.meter import Meter
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.commands import ClearPlayout, Command, DialModel, HangUp, RunTool, SendMark, SendMedia
from twilio_rt_cli.call.end_reason import EndReason
from twilio_rt_cli.call.events import (
    BadMessage,
    Began,
    EndRequested,
    Event,
    ModelClosed,
    ModelFailed,
    ModelOpened,
    ModelPaused,
    ModelResumed,
    PhoneClosed,
    PhonePaused,
    PhoneResumed,
    ToolFinished,
    UnknownMessage,
    Woken,
)
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.call.statistics import CallStatistics
from twilio_rt_cli.call.status import CallStatus
from twilio_rt_cli.errors import CredentialsError, SettingsError, TwilioRtError
from twilio_rt_cli.output.call_context import context_of
from twilio_rt_cli.protocol import realtime, realtime_client, twilio
from twilio_rt_cli.protocol.realtime_client import (
    APPEND_PREFIX,
    APPEND_SUFFIX,
    AppendAudio,
    CancelResponse,
    CreateItem,
    CreateResponse,
    DeleteItem,
    SessionUpdate,
    TruncateItem,
)
from twilio_rt_cli.protocol.twilio import Media
from twilio_rt_cli.protocol.wire import Malformed, Unknown
from twilio_rt_cli.tools.runner import ToolRunner

Dial = Callable[[Owner], Awaitable[Leg]]
"""Opens the model's socket; raises TwilioRtError"""
Publish = Callable[[Notice], None]
NewCall = Callable[[CallPlan, twilio.StreamSid, float], Call]
"""Makes the core of a call: Call itself, or one that is recorded"""

_QUIET = frozenset({Media, twilio.Mark, realtime.AudioDelta, realtime.TranscriptDelta, UnknownMessage})
"""Events that come often and bring no deadline nearer: what waits in the playout goes out as they come."""

log = logging.getLogger("twilio_rt.bridge")


class Bridge:
    """One call's sockets and its Call. Make it on the running loop, then `begin`."""

    def __init__(  # noqa: PLR0913  # the one place where everything of a call meets
        self,
        *,
        start: twilio.Start,
        phone: Leg,
        plan: CallPlan,
        dial: Dial,
        tools: ToolRunner,
        publish: Publish,
        on_over: Callable[[EndReason], None],
        new_call: NewCall = Call,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream_sid = start.stream_sid
        self._media_prefix = twilio.media_prefix(start.stream_sid)
        self._mark_prefix = twilio.mark_prefix(start.stream_sid)
        self._log = logging.LoggerAdapter(log, {"call": start.start.call_sid, "stream": start.stream_sid})
        self._context = context_of(start.start.call_sid, start.stream_sid)
        self._call = new_call(plan, start.stream_sid, self._loop.time())
        self._passes, self._clock = self._call.passes, self._loop.time  # bound once: they are needed for every frame
        self._phone: Leg | None = phone
        self._model: Leg | None = None
        self._meter = Meter(self._log, self._call.statistics)
        self._dial = dial
        self._tools = tools
        self._publish = publish
        self._on_over = on_over
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: deque[Event] = deque()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None
        self._finished = False

    @property
    def statistics(self) -> CallStatistics:
        """Counters of this call, live."""
        return self._call.statistics

    @property
    def waiting_ms(self) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""
        return self._call.waiting_ms(self._clock())

    def status(self) -> CallStatus:
        """This call at this moment."""
        return self._call.status(self._clock())

    def begin(self) -> None:
        """Take over the phone's socket; the Call orders the rest."""
        assert self._phone is not None
        self._phone.hand_over(self)
        self._meter.start()
        self._tell(Began())

    def end(self, reason: EndReason) -> None:
        """End the call from outside; again: nothing."""
        self._tell(EndRequested(reason))

    # What the legs tell

    def on_message(self, leg: Leg, raw: bytes) -> None:
        event: Event | Unknown | Malformed
        if leg is self._phone:
            event = twilio.decode(raw)
            if type(event) is Media and not self._running and self._passes(event, self._clock):
                # Fifty times a second and call: nothing to decide, so no command is made of it.
                if self._model is not None:
                    self._model.send(APPEND_PREFIX + b2a_base64(event.media.payload, newline=False) + APPEND_SUFFIX)
                return
        else:
            event = realtime.decode(raw)
        if type(event) is Unknown:
            event = UnknownMessage(leg is not self._phone, event.kind)
        elif type(event) is Malformed:
            event = BadMessage(leg is not self._phone, event.why)
        self._tell(event)

    def on_breach(self, leg: Leg, why: str) -> None:
        self._tell(BadMessage(leg is not self._phone, why))

    def on_paused(self, leg: Leg) -> None:
        self._tell(PhonePaused() if leg is self._phone else ModelPaused())

    def on_resumed(self, leg: Leg) -> None:
        self._tell(PhoneResumed() if leg is self._phone else ModelResumed())

    def on_closed(self, leg: Leg, closed: Closed) -> None:
        side = "twilio" if leg is self._phone else "model"
        self._log.debug(
            "%s socket closed%s: %s", side, " by us" if closed.by_us else "", f"{closed.code} {closed.reason}".strip()
        )
        if leg is self._phone:
            self._phone = None
            self._tell(PhoneClosed(closed.code, closed.reason))
        else:
            self._model = None
            self._tell(ModelClosed(closed.code, closed.reason))
        self._finish()

    # The Call

    def _tell(self, event: Event) -> None:
        if self._running:
            self._pending.append(event)
            return
        self._running = True
        try:
            if commands := self._call.receive(event, self._clock()):
                self._perform(commands)
            while self._pending:
                self._perform(self._call.receive(self._pending.popleft(), self._clock()))
        except Exception:  # noqa: BLE001  # a bug of ours in one call must not hurt another: log it, and end this one
            self._break_off(type(event).__name__)
        finally:
            self._running = False
        if type(event) not in _QUIET:
            self._arm()

    def _break_off(self, when: str) -> None:
        self._log.exception("the call failed on %s", when)
        self._pending.clear()
        self._call.break_off()
        self._hang_up(HangUp(EndReason.INTERNAL_ERROR))

    def _perform(self, commands: Sequence[Command]) -> None:
        """Do as ordered. What goes to the phone is written at once: audio with its marks, a clear with its fence."""
        for_phone: list[bytes] = []
        for command in commands:
            if type(command) is SendMedia:
                audio = b2a_base64(command.payload, newline=False)
                for_phone.append(self._media_prefix + audio + twilio.MEDIA_SUFFIX)
                continue
            if type(command) is SendMark:
                for_phone.append(self._mark_prefix + command.name.encode() + twilio.MARK_SUFFIX)
                continue
            match command:
                case AppendAudio():
                    if self._model is not None:
                        self._model.send(APPEND_PREFIX + b2a_base64(command.payload, newline=False) + APPEND_SUFFIX)
                case ClearPlayout():
                    for_phone.append(twilio.clear_text(self._stream_sid))
                case (
                    SessionUpdate() | CreateItem() | TruncateItem() | DeleteItem() | CreateResponse() | CancelResponse()
                ):
                    if self._model is not None:
                        self._model.send(realtime_client.encode(command))
                case DialModel():
                    self._spawn(self._dial_model())
                case RunTool():
                    self._spawn(self._run_tool(command))
                case HangUp():
                    self._to_phone(for_phone)
                    for_phone = []
                    self._hang_up(command)
                case _:
                    self._publish(command)
        if for_phone:  # seldom: most events are caller audio
            self._to_phone(for_phone)

    def _to_phone(self, texts: Sequence[bytes]) -> None:
        if texts and self._phone is not None:
            self._phone.send_together(texts)

    def _arm(self) -> None:
        """Keep one timer, for the Call's next deadline."""
        deadline = self._call.deadline()
        if self._timer is not None:
            if deadline == self._timer.when():
                return
            self._timer.cancel()
        self._timer = None if deadline is None or self._finished else self._loop.call_at(deadline, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._tell(Woken())

    # What is slow

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work, context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("a task of the call failed", exc_info=error)
            self._tell(EndRequested(EndReason.INTERNAL_ERROR))
        self._finish()

    async def _dial_model(self) -> None:
        try:
            self._model = await self._dial(self)
        except TwilioRtError as error:
            refused = isinstance(error, CredentialsError | SettingsError)
            self._tell(ModelFailed(error.message, refused=refused))
            return
        self._log.debug("model socket open")
        self._tell(ModelOpened())

    async def _run_tool(self, command: RunTool) -> None:
        outcome = await self._tools.run(command.name, command.arguments)
        self._tell(ToolFinished(command.tool_call_id, outcome.output, outcome.ok, outcome.elapsed_ms))

    # The end

    def _hang_up(self, command: HangUp) -> None:
        for task in self._tasks:
            task.cancel()
        if self._model is not None:
            self._model.close(1000)
        if self._phone is not None:
            self._phone.close(command.close_code, command.reason.value)

    def _finish(self) -> None:
        """Tell the owner, once nothing of the call is left."""
        if self._finished or self._phone is not None or self._model is not None or self._tasks:
            return
        self._finished = True
        self._meter.stop()
        if self._timer is not None:
            self._timer.cancel()
        over = self._call.over(self._clock())
        self._publish(over)
        self._on_over(over.reason)
