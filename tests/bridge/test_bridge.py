"""Bridge: real sockets on both sides, a scripted model, and a phone that is nothing but frames."""

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

from picows import ws_create_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.bridge.wire import Wire, WiredModel
from tests.playbook import STREAM, audio
from tests.scripted_model import Answer, FunctionCall, Script, Speech, scripted_model
from twilio_rt_cli.bridge.bridge import Bridge
from twilio_rt_cli.bridge.leg import Closed, Leg
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.commands import Command, DialModel
from twilio_rt_cli.call.events import Event
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.notices import CallOver, ModelReady, Notice
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.models.dialects.openai import OPENAI, session_config
from twilio_rt_cli.models.dialects.session import ModelDialect
from twilio_rt_cli.models.dialer import Dialer, Endpoint
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.realtime import ServerEvent
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, Start, StartDetails
from twilio_rt_cli.protocol.wire import Malformed, Unknown
from twilio_rt_cli.tools import tool
from twilio_rt_cli.tools.registry import ToolBox
from twilio_rt_cli.tools.runner import ToolRunner

START = Start(STREAM, StartDetails(CallSid("CA1"), AccountSid("AC1"), STREAM))
PLAN = CallPlan(session=session_config(instructions="be kind", voice="marin"), greeting="Hello")


@tool
async def look_up(x: int) -> str:
    """Look something up."""
    return f"found {x}"


@tool
async def hang() -> str:
    """Never come back."""
    await asyncio.Event().wait()
    return ""


TOOLS = ToolRunner(ToolBox((look_up, hang)))


@dataclass
class Line:
    """The bridge under test and the far end of its phone."""

    phone: ClientConnection
    bridge: Bridge
    notices: list[Notice]
    over: "asyncio.Future[EndReason]"
    heard: bytearray = field(default_factory=bytearray)
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of a kind from the bridge; marks are echoed as if played at once."""
        async with asyncio.timeout(10):
            while True:
                frame = json.loads(await self.phone.recv())
                self.frames.append(frame)
                if frame["event"] == "mark":
                    await self.phone.send(twilio.mark_echo_text(STREAM, 0, frame["mark"]["name"]), text=True)
                if frame["event"] == kind:
                    return dict(frame)

    async def hung_up(self) -> int:
        """The bridge's close code, when it has closed the phone's socket."""
        try:
            while True:
                await self.until("media")
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    async def ended(self) -> EndReason:
        return await asyncio.wait_for(self.over, 10)


class Nobody:
    """The owner of a phone's leg until the bridge takes it."""

    def on_message(self, leg: Leg, raw: bytes) -> None: ...
    def on_breach(self, leg: Leg, why: str) -> None: ...
    def on_paused(self, leg: Leg) -> None: ...
    def on_resumed(self, leg: Leg) -> None: ...
    def on_closed(self, leg: Leg, closed: Closed) -> None: ...


@asynccontextmanager
async def line(url: str, plan: CallPlan = PLAN, breaks_on: type[Notice] | None = None) -> AsyncIterator[Line]:
    """A phone connected to a bridge whose model is at this URL."""
    loop = asyncio.get_running_loop()
    taken: asyncio.Future[Leg] = loop.create_future()
    over: asyncio.Future[EndReason] = loop.create_future()

    class Phone(Leg):
        def on_ws_connected(self, transport: Any) -> None:
            super().on_ws_connected(transport)
            taken.set_result(self)

    server = await ws_create_server(lambda _: Phone(Nobody(), 1 << 20), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    notices: list[Notice] = []

    def publish(notice: Notice) -> None:
        notices.append(notice)
        if breaks_on is not None and isinstance(notice, breaks_on):
            raise RuntimeError("a bug of ours")

    async with connect(f"ws://127.0.0.1:{port}", compression=None) as phone:
        bridge = Bridge(
            start=START,
            phone=await taken,
            call=Call(plan, STREAM, loop.time()),
            models=(Dialer(Endpoint(url=url, connect_timeout_s=1.0)),),
            tools=TOOLS,
            publish=publish,
            on_over=over.set_result,
        )
        bridge.begin()
        yield Line(phone, bridge, notices, over)
        bridge.end(EndReason.CALLER_HUNG_UP)
        await asyncio.wait_for(asyncio.shield(over), 10)
    server.close()
    await server.wait_closed()


def run(test: Callable[[], Any]) -> None:
    asyncio.run(test())


def test_the_agent_greets_and_caller_audio_reaches_the_model_unchanged() -> None:
    async def test() -> None:
        async with scripted_model() as model, line(model.url) as call:
            await call.until("media")
            connection = await model.connected()
            await call.phone.send(twilio.media_text(STREAM, 2, 1, 0, b"\x7f\x7f\x7f\x7f\x7f"), text=True)
            await connection.until(lambda one: bool(one.events("input_audio_buffer.append")))
            assert connection.events("input_audio_buffer.append")[0]["audio"] == "f39/f38="
            greeting = connection.events("response.create")[0]["response"]["instructions"]
            assert "Hello" in greeting

    run(test)


def test_a_barge_in_clears_the_phone_and_truncates_the_model() -> None:
    async def test() -> None:
        script = Script([Answer((Speech(3000),), pace=100)])
        async with scripted_model(script) as model, line(model.url) as call:
            connection = await model.connected()
            await call.until("media")
            await connection.finished()
            await connection.speech()
            await call.until("clear")
            await call.until("mark")
            await connection.until(lambda one: bool(one.truncated or one.deleted))
            assert connection.refused == []

    run(test)


def test_a_tool_runs_off_the_media_path_and_its_answer_is_asked_for() -> None:
    async def test() -> None:
        script = Script([Answer((FunctionCall("look_up", '{"x":1}'),)), Answer((Speech(100),))])
        async with scripted_model(script) as model, line(model.url) as call:
            connection = await model.connected()
            await connection.until(lambda one: len(one.events("response.create")) == 2)
            [item] = connection.events("conversation.item.create")
            assert item["item"]["output"] == "found 1"
            await call.until("media")

    run(test)


def test_when_the_caller_hangs_up_the_model_is_closed_and_a_running_tool_is_cancelled() -> None:
    async def test() -> None:
        script = Script([Answer((FunctionCall("hang"),))])
        async with scripted_model(script) as model, line(model.url) as call:
            connection = await model.connected()
            await connection.until(lambda one: bool(one.events("response.create")))
            await connection.finished()
            await call.phone.send(twilio.stop_text(STREAM, 3, twilio.StopDetails()), text=True)
            await asyncio.wait_for(connection.closed.wait(), 1)
            assert await call.ended() is EndReason.CALLER_HUNG_UP
            assert isinstance(call.notices[-1], CallOver)

    run(test)


def test_when_the_model_goes_the_phone_is_closed_in_order() -> None:
    async def test() -> None:
        async with scripted_model(Script([Answer((Speech(60),))])) as model, line(model.url) as call:
            connection = await model.connected()
            await call.until("mark")
            await connection.socket.close(1011, "trouble")
            assert await call.hung_up() == 1000
            assert await call.ended() is EndReason.MODEL_GONE

    run(test)


def test_a_model_that_cannot_be_reached_ends_the_call_in_order() -> None:
    async def test() -> None:
        async with line("ws://127.0.0.1:9/v1/realtime") as call:
            assert await call.ended() is EndReason.MODEL_UNREACHABLE

    run(test)


def test_a_bug_of_ours_ends_the_call_it_happened_in_and_says_so() -> None:
    async def test() -> None:
        async with scripted_model() as model, line(model.url, breaks_on=ModelReady) as call:
            assert await call.ended() is EndReason.INTERNAL_ERROR
            await asyncio.wait_for(model.connections[0].closed.wait(), 2)

    run(test)


def test_hanging_up_while_the_model_is_dialled_leaves_no_socket_behind() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        arrived, gone = loop.create_future(), loop.create_future()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set_result(None)
            gone.set_result(await reader.read())
            writer.close()

        server = await asyncio.start_server(slow, "127.0.0.1", 0)
        async with line(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as call:
            await arrived
            await call.phone.send(twilio.stop_text(STREAM, 3, twilio.StopDetails()), text=True)
            assert await asyncio.wait_for(gone, 0.9) == b""
            assert await call.ended() is EndReason.CALLER_HUNG_UP
        server.close()
        await server.wait_closed()

    run(test)


def test_a_refused_transcription_is_survived() -> None:
    async def test() -> None:
        session = session_config(instructions="", voice="marin", transcription_model="gone")
        script = Script(refuses_transcription=True)
        async with scripted_model(script) as model, line(model.url, replace(PLAN, session=session)) as call:
            await call.until("media")
            [refusal] = model.connections[0].refused
            assert refusal["code"] == "invalid_value"

    run(test)


def test_junk_from_the_phone_is_survived_twenty_times() -> None:
    async def test() -> None:
        async with scripted_model() as model, line(model.url) as call:
            await call.until("media")
            for _ in range(20):
                await call.phone.send("junk")
            await call.phone.send(twilio.media_text(STREAM, 2, 1, 0, audio(20)), text=True)
            connection = await model.connected()
            await connection.until(lambda one: one.caller_samples == 160)
            await call.phone.send(b"\x00\x01")
            assert await call.hung_up() == 1008
            assert await call.ended() is EndReason.BAD_MESSAGES

    run(test)


def test_a_message_in_fragments_is_put_together_and_endless_ones_are_refused() -> None:
    async def test() -> None:
        async with scripted_model() as model, line(model.url) as call:
            text = twilio.media_text(STREAM, 2, 1, 0, audio(20)).decode()
            await call.phone.send([text[:50], text[50:90], text[90:]])
            connection = await model.connected()
            await connection.until(lambda one: one.caller_samples == 160)
            with suppress(ConnectionClosed):
                await call.phone.send("x" * 100_000 for _ in range(20))
            assert await call.hung_up() == 1009

    run(test)


def test_nothing_of_the_call_is_left_when_it_is_over() -> None:
    async def test() -> None:
        async with scripted_model() as model:
            before = len(asyncio.all_tasks())
            async with line(model.url) as call:
                await call.until("media")
            await model.connections[0].closed.wait()
            assert len(asyncio.all_tasks()) <= before

    run(test)


# The way of a frame, without sockets


class Wired:
    """A bridge that talks, on wires that take all."""

    def __init__(self, model: WiredModel) -> None:
        loop = asyncio.get_running_loop()
        self.phone = Leg(Nobody(), 1 << 20)
        self.wire = Wire(self.phone)
        self.model = model
        self.over: asyncio.Future[EndReason] = loop.create_future()
        self.bridge = Bridge(
            start=START,
            phone=self.phone,
            call=Call(PLAN, STREAM, loop.time()),
            models=(model,),
            tools=TOOLS,
            publish=lambda _: None,
            on_over=self.over.set_result,
        )
        self._number = 1

    def frame(self) -> bytes:
        """The next frame of caller audio."""
        self._number += 1
        return twilio.media_text(STREAM, self._number, self._number, 20 * self._number, audio(20))

    def says(self, **event: Any) -> None:
        self.bridge.on_message(self.model.legs[0], json.dumps(event).encode())


@asynccontextmanager
async def wired(dialect: ModelDialect = OPENAI) -> AsyncIterator[Wired]:
    one = Wired(WiredModel(dialect))
    one.bridge.begin()
    async with asyncio.timeout(10):
        await one.model.dialled.wait()
        await one.model.wires[0].written.wait()  # the session is asked for
    one.bridge.on_message(one.phone, twilio.mark_echo_text(STREAM, 1, "probe"))
    side = {"format": {"type": "audio/pcmu"}}
    one.says(type="session.updated", session={"audio": {"input": side, "output": side}})
    yield one
    one.bridge.end(EndReason.CALLER_HUNG_UP)
    await asyncio.wait_for(one.over, 10)


def calls_of_ours(bridge: Bridge, leg: Leg, raw: bytes) -> int:
    """How many functions of ours run for one frame, from the socket's callback to the other socket."""
    seen = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal seen
        seen += event == "call" and "twilio_rt_cli" in frame.f_code.co_filename

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        bridge.on_message(leg, raw)
    finally:
        sys.setprofile(before)
    return seen


def test_a_frame_of_caller_audio_takes_four_calls_and_one_in_eight_takes_six() -> None:
    async def test() -> None:
        async with wired() as line:
            counted = [calls_of_ours(line.bridge, line.phone, line.frame()) for _ in range(64)]
            assert sorted(counted) == [4] * 56 + [6] * 8
            assert line.bridge.statistics.frames_in == 64

    run(test)


def test_a_delta_of_agent_audio_takes_fourteen_calls() -> None:
    async def test() -> None:
        async with wired() as line:
            line.says(type="response.created", response={"id": "resp_1"})
            body = {"type": "response.output_audio.delta", "response_id": "resp_1", "item_id": "item_1"}
            raw = json.dumps(body | {"delta": b64encode(audio(15)).decode()}).encode()
            leg = line.model.legs[0]
            first, *counted = [calls_of_ours(line.bridge, leg, raw) for _ in range(24)]
            assert first <= 26
            assert min(counted) <= 14
            assert max(counted) <= 20  # with a mark, which is due every 200 ms
            assert counted.count(min(counted)) > len(counted) / 2

    run(test)


def test_a_model_is_spoken_to_in_its_own_dialect() -> None:
    def decode(raw: bytes) -> ServerEvent | Unknown | Malformed:
        return OPENAI.decode(raw.replace(b"bonjour", b"session.updated"))

    async def test() -> None:
        french = replace(OPENAI, decode=decode, encode=lambda order: b"ordre", audio_prefix=b"son:", audio_suffix=b".")
        async with wired(french) as line:
            assert line.bridge.statistics.unknown_messages == {}
            line.bridge.on_message(line.phone, line.frame())
            assert line.model.wires[0].sent[0] == b"ordre"
            assert line.model.wires[0].sent[-1] == b"son:" + b64encode(audio(20)) + b"."

    run(test)


def test_the_endpoint_that_is_dialled_is_the_one_that_was_ordered() -> None:
    class Second(Call):
        """A core that will have the second model."""

        def receive(self, event: Event, now: float) -> Sequence[Command]:
            commands = super().receive(event, now)
            return [DialModel(1) if isinstance(one, DialModel) else one for one in commands]

    async def test() -> None:
        loop = asyncio.get_running_loop()
        phone, over = Leg(Nobody(), 1 << 20), loop.create_future()
        Wire(phone)
        models = [WiredModel(), WiredModel(replace(OPENAI, encode=lambda order: b"the second"))]
        bridge = Bridge(
            start=START,
            phone=phone,
            call=Second(PLAN, STREAM, loop.time()),
            models=models,
            tools=TOOLS,
            publish=lambda _: None,
            on_over=over.set_result,
        )
        bridge.begin()
        async with asyncio.timeout(10):
            await models[1].dialled.wait()
            await models[1].wires[0].written.wait()
        assert (models[0].legs, models[1].wires[0].sent) == ([], [b"the second"])
        bridge.end(EndReason.CALLER_HUNG_UP)
        await asyncio.wait_for(over, 10)

    run(test)
