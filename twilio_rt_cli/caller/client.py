"""Places one simulated call: rings the bridge's webhook and executes its TwiML, or dials a media server directly."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.caller import events
from twilio_rt_cli.caller.behaviour import CallerBehaviour, Patience
from twilio_rt_cli.caller.line import LineQuality, PhoneLine
from twilio_rt_cli.caller.media_socket import StreamRefused, media_socket
from twilio_rt_cli.caller.phone import Identity, Phone
from twilio_rt_cli.caller.report import CallReport, take_down
from twilio_rt_cli.caller.route import Route, Signer, resolve
from twilio_rt_cli.caller.script import Script
from twilio_rt_cli.caller.stream import EndedBy, Lines, MediaStream, StreamEnd
from twilio_rt_cli.caller.tape import CallTape
from twilio_rt_cli.caller.twiml_player import CallActions, TwimlPlayer, capped_sleep
from twilio_rt_cli.caller.webhook import Caller, Document, Webhook, WebhookFailed, elapsed_ms
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.output.times import utc
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, StreamSid

_SPOKEN_LETTERS_PER_S = 15  # how long a text takes when no voice says it


def new_account_sid() -> str:
    """An account of nobody's, for calls to a bridge that does not check."""
    return "AC" + secrets.token_hex(16)


def new_call_sid() -> CallSid:
    """A call that nobody has placed yet."""
    return CallSid("CA" + secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """What to call and how."""

    target: str
    """http(s): a bridge's webhook; ws(s): a media server"""
    script: Script
    signer: Signer = field(default_factory=Signer)
    sign_as: str | None = None
    """origin that URLs name and signatures are made over, instead of the target's"""
    call_sid: CallSid = field(default_factory=new_call_sid)
    account_sid: str = field(default_factory=new_account_sid)
    from_number: str = "+14155550142"
    to_number: str = "+14155550100"
    direction: str = "inbound"
    """outbound-api: the simulated phone is the callee of a call that Twilio was asked to place"""
    quality: LineQuality = field(default_factory=LineQuality)
    seed: int = 0
    duration_s: float | None = None
    """hang up after so long"""
    buffer_delay_ms: int = 0
    """how late Twilio begins to play into silence"""
    patience: Patience = field(default_factory=Patience)
    longest_verb_s: float = 30.0
    """at most so long for a Say or Pause"""


async def place_call(
    simulated: SimulatedCall,
    *,
    hang_up: asyncio.Event,
    watch: Callable[[events.CallEvent], None] = lambda _: None,
    speak: Callable[[str], bytes] | None = None,
) -> CallReport:
    """Places the call and holds it to its end; `hang_up` set makes the caller hang up in order.

    Nothing is raised for what the other side does: it is in the report. `speak` gives TwiML's `<Say>` a voice.
    """
    return await _Call(simulated, hang_up, watch, speak).place()


class _Call:
    """One call while it lasts."""

    def __init__(
        self,
        simulated: SimulatedCall,
        hang_up: asyncio.Event,
        watch: Callable[[events.CallEvent], None],
        speak: Callable[[str], bytes] | None,
    ) -> None:
        self._simulated = simulated
        self._hang_up = hang_up
        self._watch = watch
        self._speak = speak
        self._began_at = time.monotonic()
        self._route = Route.to(simulated.target, simulated.sign_as)
        self._caller = Caller(
            simulated.call_sid, simulated.account_sid, simulated.from_number, simulated.to_number, simulated.direction
        )
        self._tape = CallTape(self._began_at)
        self._report = CallReport(self._caller.call_sid)

    async def place(self) -> CallReport:
        report = self._report
        if urlsplit(self._simulated.target).scheme in {"ws", "wss"}:
            await self._dial()
        else:
            async with Webhook(self._route, self._simulated.signer, self._caller) as webhook:
                await self._ring(webhook)
        self._watch(events.Ended(report.ended or "there was no call"))
        report.caller_track, report.agent_track = self._tape.tracks()
        return report

    # A media server

    async def _dial(self) -> None:
        end = await self._stream(twiml.Stream(self._route.name(self._simulated.target)), _unreported)
        self._report.ended = {
            EndedBy.CALLER: "the caller hung up",
            EndedBy.SERVER: f"the server closed the socket ({end.code})",
            EndedBy.NOBODY: "there was no stream",
        }[end.by]

    # A bridge

    async def _ring(self, webhook: Webhook) -> None:
        rang_at = time.monotonic()
        try:
            url = self._route.name(_webhook_url(self._simulated.target))
            document = await webhook.fetch(url, status=self._caller.first_status)
        except WebhookFailed as error:
            self._fail(str(error))
        except TwilioRtError as error:
            self._trouble(error)
        else:
            self._report.webhook_ms = elapsed_ms(rang_at)
            self._watch(events.Answered(self._report.webhook_ms))
            await self._play(webhook, document)

    async def _play(self, webhook: Webhook, document: Document) -> None:
        async with asyncio.TaskGroup() as callbacks:  # Twilio does not wait for a status callback

            async def stream(requested: twiml.Stream) -> StreamEnd:
                return await self._stream(
                    requested, lambda status: callbacks.create_task(self._status(webhook, document, requested, status))
                )

            player = TwimlPlayer(webhook, CallActions(stream, self._say, self._wait, self._executed, self._fail))
            try:
                self._report.ended = await player.play(document)
            except TwilioRtError as error:
                self._trouble(error)
            if not player.streamed:
                self._fail("the bridge took the call without a media stream")

    async def _status(self, webhook: Webhook, document: Document, stream: twiml.Stream, status: "StreamStatus") -> None:
        if stream.status_callback is None:
            return
        params = (
            ("AccountSid", self._caller.account_sid),
            ("CallSid", self._caller.call_sid),
            ("StreamSid", status.stream_sid),
            ("StreamName", stream.name or status.stream_sid),
            ("StreamEvent", status.event),
            *((("StreamError", status.error),) if status.error else ()),
            ("Timestamp", utc(time.time())),
        )
        url = resolve(document.url, stream.status_callback)
        wrong = await webhook.report(url, stream.status_callback_method, params)
        if wrong is not None:
            self._fail(wrong)

    # The stream

    async def _stream(self, requested: twiml.Stream, report: "Callable[[StreamStatus], object]") -> StreamEnd:
        simulated, stream_sid = self._simulated, StreamSid(f"MZ{secrets.token_hex(16)}")
        identity = Identity(
            CallSid(self._caller.call_sid), AccountSid(simulated.account_sid), stream_sid, requested.parameters
        )
        dialled_at = time.monotonic()
        try:
            if requested.track != "inbound_track":
                raise StreamRefused(31941, f"a <Connect><Stream> has no track {requested.track!r}")
            async with media_socket(requested.url, self._route, simulated.signer) as socket:
                self._report.connect_ms = elapsed_ms(dialled_at)
                report(StreamStatus(stream_sid, "stream-started"))
                self._watch(events.StreamOpened(stream_sid, self._report.connect_ms))
                end = await self._hold(socket, identity)
        except StreamRefused as refused:
            report(StreamStatus(stream_sid, "stream-error", refused.text))
            if refused.trouble is None:
                self._fail(str(refused))
            else:  # printed at the end, with what to do about it
                self._report.fail(str(refused))
                self._report.trouble = self._report.trouble or refused.trouble
            return StreamEnd(EndedBy.NOBODY)
        report(StreamStatus(stream_sid, "stream-stopped"))
        return end

    async def _hold(self, socket: ClientConnection, identity: Identity) -> StreamEnd:
        simulated = self._simulated
        lines = Lines(PhoneLine(simulated.quality, simulated.seed), PhoneLine(simulated.quality, simulated.seed + 1))
        phone = Phone(identity, buffer_delay_ms=simulated.buffer_delay_ms, loses=lines.out.loses)
        behaviour = CallerBehaviour(simulated.script, simulated.patience)
        stream = MediaStream(socket, phone, behaviour, lines, self._watch)
        until = None if simulated.duration_s is None else self._began_at + simulated.duration_s
        end = await stream.run(hang_up=self._hang_up, until=until)
        self._judge(end, phone, all_said=behaviour.all_said)
        self._report.failures += stream.failures
        if stream.stopped:
            self._report.stop()
        runs = [(at, lines.back.through(audio)) for at, audio in phone.heard(end.at)]
        take_down(self._report, phone, stream.figures, b"".join(audio for _, audio in runs))
        self._report.frames_lost += lines.out.lost + lines.back.lost
        self._tape.caller(phone.start_at, bytes(phone.spoken))
        for at, audio in runs:
            self._tape.agent(at, audio)
        return end

    def _judge(self, end: StreamEnd, phone: Phone, *, all_said: bool) -> None:
        """What is wrong with the way a stream ended."""
        if end.by is not EndedBy.SERVER:
            return
        why = f"{end.code} {end.reason}".strip()
        if end.code == 1006:
            phone.breach(31903, "the socket broke without a close frame", end.at)
        elif end.code != 1000:
            phone.breach(31921, f"the socket was closed with {why}", end.at)
        if not all_said:
            self._fail(f"the server closed the socket ({why}) before the caller had said everything")

    # The call around it

    async def _say(self, text: str) -> None:
        length_s = len(text) / _SPOKEN_LETTERS_PER_S
        if self._speak is not None:
            audio = await asyncio.to_thread(self._speak, text)
            self._tape.agent(time.monotonic(), audio)
            length_s = len(audio) / PER_S
        await self._wait(length_s)

    async def _wait(self, seconds: float) -> None:
        await capped_sleep(seconds, self._simulated.longest_verb_s, self._hang_up)

    def _executed(self, text: str) -> None:
        self._report.executed.append(text)
        self._watch(events.Executed(text))

    def _fail(self, text: str) -> None:
        if text in self._report.failures:
            return
        self._report.fail(text)
        self._watch(events.Failed(text))

    def _trouble(self, error: TwilioRtError) -> None:
        self._report.trouble = self._report.trouble or error
        self._report.fail(error.message)


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """What a stream's status callback says."""

    stream_sid: StreamSid
    event: str
    error: str = ""


def _unreported(_: StreamStatus) -> None:
    """A media server that was dialled directly has no status callback."""


def _webhook_url(target: str) -> str:
    """The voice webhook of a bridge: the URL as given, or `/incoming-call` of an origin."""
    parts = urlsplit(target)
    return target if parts.path not in {"", "/"} else urlunsplit((*parts[:2], "/incoming-call", parts.query, ""))
