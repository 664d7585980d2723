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
from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

from twilio_rt_cli.bridge.alarm import Alarm
from twilio_rt_cli.bridge.core import Core
from twilio_rt_cli.bridge.dialect import Dialect
from twilio_rt_cli.bridge.leg import Closed, Leg, Owner
from twilio_rt_cli.bridge.meter import Meter
from twilio_rt_cli.bridge.model_leg import ModelLeg
from twilio_rt_cli.bridge.tasks import CallTasks
from twilio_rt_cli.call.commands import ClearPlayout, Command, DialModel, HangUp, RunTool, SendMark, SendMedia
from twilio_rt_cli.call.events import (
    QUIET,
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
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import CallStatus
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.errors import CredentialsError, SettingsError, TwilioRtError
from twilio_rt_cli.output.call_context import context_of
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.realtime_client import AppendAudio, ClientEvent
from twilio_rt_cli.protocol.twilio import Media
from twilio_rt_cli.protocol.wire import Malformed, Unknown
from twilio_rt_cli.tools.runner import ToolRunner

Publish = Callable[[Notice], None]

log = logging.getLogger("twilio_rt.bridge")


class Model(Protocol):
    """A model that can be dialled."""

    @property
    def dialect(self) -> Dialect:
        """How it is spoken to."""

    async def dial(self, owner: Owner) -> ModelLeg:
        """Opens a socket; raises TwilioRtError."""


class Bridge:
    """One call's sockets and its Call. Make it on the running loop, then `begin`."""

    def __init__(  # noqa: PLR0913  # the one place where everything of a call meets
        self,
        *,
        start: twilio.Start,
        phone: Leg,
        call: Core,
        models: Sequence[Model],
        tools: ToolRunner,
        publish: Publish,
        on_over: Callable[[EndReason], None],
    ) -> None:
        call_sid, stream_sid = start.start.call_sid, start.stream_sid
        self._texts = twilio.stream_texts(stream_sid)
        self._log = logging.LoggerAdapter(log, {"call": call_sid, "stream": stream_sid})
        self._call = call
        self._passes = call.passes  # bound once, as is the clock: they are needed for every frame
        self._clock = asyncio.get_running_loop().time
        self._phone: Leg | None = phone
        self._model: ModelLeg | None = None
        self._models = models
        self._decode = models[0].dialect.decode
        self._tools = tools
        self._tasks = CallTasks(context_of(call_sid, stream_sid))
        self._meter = Meter(self._log, call.statistics)
        self._alarm = Alarm()
        self._publish = publish
        self._on_over: Callable[[EndReason], None] | None = on_over
        self._pending: deque[Event] = deque()
        self._running = False

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
        """Take over the phone's socket; the rest is up to the Call."""
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
                    self._model.send_audio(event.media.payload)
                return
        else:
            event = self._decode(raw)
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
        if type(event) not in QUIET:
            self._alarm.set(self._call.deadline(), self._wake)

    def _break_off(self, when: str) -> None:
        self._log.exception("the call failed on %s", when)
        self._pending.clear()
        self._call.break_off()
        self._hang_up(HangUp(EndReason.INTERNAL_ERROR), ())

    def _perform(self, commands: Sequence[Command]) -> None:
        """Do as ordered. What goes to the phone is written at once: audio with its marks, a clear with its fence."""
        texts = self._texts
        for_phone: list[bytes] = []
        for command in commands:
            if type(command) is SendMedia:
                audio = b2a_base64(command.payload, newline=False)
                for_phone.append(texts.media_prefix + audio + twilio.MEDIA_SUFFIX)
            elif type(command) is SendMark:
                for_phone.append(texts.mark_prefix + command.name.encode() + twilio.MARK_SUFFIX)
            elif type(command) is AppendAudio:
                if self._model is not None:
                    self._model.send_audio(command.payload)
            elif isinstance(command, Notice):
                self._publish(command)
            elif isinstance(command, ClearPlayout):
                for_phone.append(texts.clear)
            elif isinstance(command, ClientEvent):
                if self._model is not None:
                    self._model.send_order(command)
            elif isinstance(command, RunTool):
                self._tasks.spawn(self._run_tool(command), self._task_done)
            elif isinstance(command, DialModel):
                self._tasks.spawn(self._dial(self._models[command.endpoint_index]), self._task_done)
            elif isinstance(command, HangUp):
                self._hang_up(command, for_phone)
                for_phone = []
            else:
                assert_never(command)
        if for_phone and self._phone is not None:
            self._phone.send_together(for_phone)

    def _wake(self) -> None:
        self._tell(Woken())

    # What is slow

    async def _dial(self, model: Model) -> None:
        self._decode = model.dialect.decode
        try:
            self._model = await model.dial(self)
        except TwilioRtError as error:
            refused = isinstance(error, CredentialsError | SettingsError)
            self._tell(ModelFailed(error.message, refused=refused))
            return
        self._log.debug("model socket open")
        self._tell(ModelOpened())

    async def _run_tool(self, command: RunTool) -> None:
        outcome = await self._tools.run(command.name, command.arguments)
        self._tell(ToolFinished(command.tool_call_id, outcome.output, outcome.ok, outcome.elapsed_ms))

    def _task_done(self, error: BaseException | None) -> None:
        if error is not None:
            self._log.error("a task of the call failed", exc_info=error)
            self._tell(EndRequested(EndReason.INTERNAL_ERROR))
        self._finish()

    # The end

    def _hang_up(self, command: HangUp, last: Sequence[bytes]) -> None:
        """Close both sockets; the phone gets the last texts before."""
        if last and self._phone is not None:
            self._phone.send_together(last)
        self._tasks.cancel()
        if self._model is not None:
            self._model.close(1000)
        if self._phone is not None:
            self._phone.close(command.close_code, command.reason.value)

    def _finish(self) -> None:
        """Tell the owner, once nothing of the call is left."""
        if self._on_over is None or self._phone is not None or self._model is not None or self._tasks:
            return
        on_over, self._on_over = self._on_over, None
        self._meter.stop()
        self._alarm.stop()
        over = self._call.over(self._clock())
        self._publish(over)
        on_over(over.reason)
