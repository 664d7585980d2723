"""The engine over a real socket: who is let in, conversations, several at once, and an end that leaves nothing."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import date
from http import HTTPStatus

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.engine.fakes import Deaf, Hum, LoudIsSpeech, Mute, Pondering, Script, Stumped, silence, speech, stack
from tests.engine.session.client import at, kinds
from tests.engine.wire import LIMIT_S, Wire, connected
from twilio_rt_cli.engine.brain import Brain
from twilio_rt_cli.engine.server import EngineServer
from twilio_rt_cli.engine.voice import VoiceStack
from twilio_rt_cli.errors import ServerError

MONDAY = date(2026, 11, 23)
TOOL = {
    "type": "function",
    "name": "check_availability",
    "description": "Whether an appointment is free.",
    "parameters": {
        "type": "object",
        "properties": {"date": {"type": "string", "format": "date"}, "time": {"type": "string", "format": "time"}},
        "required": ["date", "time"],
    },
}
LONG = "one two three four five six seven eight nine ten eleven twelve"
Talk = Callable[[Wire], Awaitable[None]]


def with_client(talk: Talk, stack: VoiceStack, brain: Brain | None = None) -> None:
    """Runs a conversation with an engine of its own."""

    async def run() -> None:
        async with EngineServer(stack, brain=brain, today=lambda: MONDAY) as engine, connected(engine.url) as wire:
            await talk(wire)

    asyncio.run(run())


def test_a_spoken_question_is_answered_by_a_tool() -> None:
    async def talk(wire: Wire) -> None:
        await wire.phone(tools=[TOOL])
        await wire.append(silence(200) + speech(1000) + silence(800))
        heard = await wire.until("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == "Is Tuesday at three free?"
        called = await wire.until("response.function_call_arguments.done")
        assert called["arguments"] == '{"date":"2026-11-24","time":"15:00"}'
        await wire.until("response.done")
        output = {"type": "function_call_output", "call_id": called["call_id"], "output": '{"message":"Yes."}'}
        await wire.send("conversation.item.create", item=output)
        await wire.send("response.create")
        said = await wire.until("response.output_audio_transcript.done")
        assert said["transcript"] == "Yes."
        done = await wire.until("response.done")
        assert at(done, "response", "status") == "completed"
        started = [event for event in wire.events if event["type"] == "input_audio_buffer.speech_started"]
        # Speech begins at 200 ms, 300 ms of padding would be before the start of the audio.
        assert [at(event, "audio_start_ms") for event in started] == [0]

    with_client(talk, stack("Is Tuesday at three free?"))


@pytest.mark.parametrize(("audio_format", "bytes_per_ms"), [("audio/pcmu", 8), ("audio/pcm", 48)])
def test_audio_comes_in_the_output_format_in_pieces(audio_format: str, bytes_per_ms: int) -> None:
    async def talk(wire: Wire) -> None:
        output = {"output": {"format": {"type": audio_format}}}
        await wire.send("response.create", response={"instructions": f'Say exactly: "{LONG}"', "audio": output})
        await wire.until("response.done")
        deltas = [event for event in wire.events if event["type"] == "response.output_audio.delta"]
        sizes = [len(str(event["delta"])) * 3 // 4 // bytes_per_ms for event in deltas]
        assert max(sizes) <= 301
        assert sum(sizes) == pytest.approx(50 * (len(LONG) + 1), abs=len(sizes))

    with_client(talk, stack())


def test_speech_cuts_an_answer_off() -> None:
    gate = threading.Event()

    async def talk(wire: Wire) -> None:
        await wire.phone()
        await wire.send("response.create", response={"instructions": f'Say exactly: "{LONG}"'})
        first = await wire.until("response.output_audio.delta", "response.output_item.added")
        await wire.append(speech(500))
        await wire.until("input_audio_buffer.speech_started")
        done = await wire.until("response.done")
        assert at(done, "response", "status_details") == {"type": "cancelled", "reason": "turn_detected"}
        gate.set()
        await wire.append(silence(800))
        await wire.until("input_audio_buffer.speech_stopped")
        late = [e for e in wire.events[wire.events.index(done) :] if e.get("response_id") == first["response_id"]]
        assert late == []

    with_client(talk, stack("Stop.", gate=gate))


def test_a_cancelled_response_stops_the_voice() -> None:
    gate = threading.Event()
    voice = Hum(gate)

    async def talk(wire: Wire) -> None:
        await wire.send("response.create", response={"instructions": f'Say exactly: "{LONG}"'})
        await wire.until("response.content_part.added")
        await wire.send("response.cancel")
        await wire.until("response.done")
        gate.set()
        await wire.send("response.create", response={"instructions": 'Say exactly: "Bye"'})
        done = await wire.until("response.done")
        assert at(done, "response", "output", 0, "content", 0, "transcript") == "Bye"
        assert voice.chunks <= 3

    with_client(talk, VoiceStack(LoudIsSpeech, Script(), voice))


def test_a_binary_frame_and_broken_json_are_refused_and_the_session_goes_on() -> None:
    async def talk(wire: Wire) -> None:
        await wire.next()
        await wire.socket.send(b"\x00\x01")
        assert at(await wire.next(), "error", "code") == "invalid_message"
        await wire.socket.send("{")
        assert at(await wire.next(), "error", "code") == "invalid_json"
        await wire.phone()

    with_client(talk, stack())


def test_too_much_audio_in_one_event_does_not_end_the_session() -> None:
    async def talk(wire: Wire) -> None:
        await wire.next()
        await wire.send("input_audio_buffer.append", audio="A" * (16 * 1024 * 1024))
        assert at(await wire.next(), "error", "code") == "string_above_max_length"
        await wire.phone()

    with_client(talk, stack())


def test_a_voice_and_a_recogniser_that_break_are_told() -> None:
    async def talk(wire: Wire) -> None:
        await wire.phone()
        await wire.append(speech(600) + silence(800))
        failed = await wire.until("conversation.item.input_audio_transcription.failed")
        assert "no ears" in str(at(failed, "error", "message"))
        done = await wire.until("response.done")
        assert at(done, "response", "status") == "failed"
        assert "no breath" in str(at(done, "response", "status_details", "error", "message"))

    with_client(talk, VoiceStack(LoudIsSpeech, Deaf(), Mute()))


def test_a_brain_that_breaks_fails_its_response_and_no_other() -> None:
    async def talk(wire: Wire) -> None:
        for _ in range(2):
            await wire.send("response.create")
            done = await wire.until("response.done")
            assert at(done, "response", "status") == "failed"
            assert "no idea" in str(at(done, "response", "status_details", "error", "message"))
        await wire.phone()

    with_client(talk, stack(), Stumped())


def test_while_the_brain_thinks_everything_else_goes_on() -> None:
    gate = threading.Event()
    brain = Pondering(gate, "First.", "Second.")

    async def run() -> None:
        async with EngineServer(stack(), brain=brain) as engine, connected(engine.url) as wire:
            await wire.send("response.create")
            await wire.until("response.done")
            await wire.send("response.create")
            await wire.until("response.created")
            assert await asyncio.to_thread(brain.thinking.wait, LIMIT_S)
            await wire.phone()  # the client that waits for the answer is served
            async with connected(engine.url) as other:
                await other.phone()  # and so are others
            gate.set()
            done = await wire.until("response.done")
            assert at(done, "response", "output", 0, "content", 0, "transcript") == "Second."

    asyncio.run(run())


def test_what_the_brain_thinks_of_too_late_is_not_said() -> None:
    gate = threading.Event()
    brain = Pondering(gate, "First.", "Too late.", "Third.")

    async def talk(wire: Wire) -> None:
        await wire.send("response.create")
        await wire.until("response.done")
        await wire.send("response.create")
        assert await asyncio.to_thread(brain.thinking.wait, LIMIT_S)
        await wire.send("response.cancel")
        cancelled = await wire.until("response.done")
        assert at(cancelled, "response", "status_details", "reason") == "client_cancelled"
        gate.set()
        await wire.send("response.create")
        done = await wire.until("response.done")
        assert at(done, "response", "output", 0, "content", 0, "transcript") == "Third."
        assert not [event for event in wire.events if event.get("transcript") == "Too late."]

    with_client(talk, stack(), brain)


def test_the_end_of_a_session_waits_for_no_thought() -> None:
    gate = threading.Event()
    brain = Pondering(gate, "First.", "Unheard.")

    async def run() -> None:
        async with EngineServer(stack(), brain=brain) as engine:
            before = asyncio.all_tasks()
            async with connected(engine.url) as wire:
                await wire.send("response.create")
                await wire.until("response.done")
                await wire.send("response.create")
                assert await asyncio.to_thread(brain.thinking.wait, LIMIT_S)
            if left := asyncio.all_tasks() - before:
                _, pending = await asyncio.wait(left, timeout=LIMIT_S)
                assert pending == set()
            gate.set()

    asyncio.run(run())


def test_the_address_it_tells_is_enough() -> None:
    async def run() -> None:
        async with (
            EngineServer(VoiceStack(LoudIsSpeech, Deaf(), Mute())) as engine,
            connected(engine.url, query="") as wire,
        ):
            created = await wire.until("session.created")
            assert at(created, "session", "model") == "gpt-realtime-2.1"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("query", "headers", "subprotocols", "code"),
    [
        ("?model=x", {"OpenAI-Beta": "realtime=v1"}, ["realtime"], "beta_api_shape_disabled"),
        ("?model=x", {}, ["realtime", "openai-beta.realtime-v1"], "beta_api_shape_disabled"),
    ],
)
def test_who_is_turned_away(query: str, headers: dict[str, str], subprotocols: list[str], code: str) -> None:
    async def run() -> None:
        offered = [Subprotocol(name) for name in subprotocols] or None
        async with (
            EngineServer(stack()) as engine,
            connect(engine.url + query, additional_headers=headers, subprotocols=offered) as socket,
        ):
            wire = Wire(socket)
            assert at(await wire.next(), "error", "code") == code
            with pytest.raises(ConnectionClosed) as closed:
                await wire.next()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, f"invalid_request_error.{code}")

    asyncio.run(run())


def test_other_paths_are_not_found() -> None:
    async def run() -> None:
        async with EngineServer(stack()) as engine:
            with pytest.raises(InvalidStatus) as refused:
                await connect(engine.url.replace("/v1/realtime", "/v2/realtime")).__aenter__()
            assert refused.value.response.status_code == HTTPStatus.NOT_FOUND

    asyncio.run(run())


def test_a_busy_port_is_said() -> None:
    async def run() -> None:
        async with EngineServer(stack()) as engine:
            port = int(engine.url.rpartition(":")[2].partition("/")[0])
            with pytest.raises(ServerError, match=f"^Port {port} on 127.0.0.1 is in use by another program.$"):
                await EngineServer(stack(), port=port).__aenter__()

    asyncio.run(run())


def test_many_sessions_at_once_keep_apart() -> None:
    async def call(url: str, name: str) -> str:
        async with connected(url) as wire:
            await wire.send("response.create", response={"instructions": f'Say exactly: "I am {name}."'})
            done = await wire.until("response.done")
            return str(at(done, "response", "output", 0, "content", 0, "transcript"))

    async def run() -> None:
        async with EngineServer(stack()) as engine:
            names = [f"caller {n}" for n in range(12)]
            assert await asyncio.gather(*(call(engine.url, name) for name in names)) == [f"I am {n}." for n in names]

    asyncio.run(run())


def test_the_end_of_a_session_leaves_no_task() -> None:
    async def run() -> None:
        async with EngineServer(stack("Hello.")) as engine:
            before = asyncio.all_tasks()
            async with connected(engine.url) as wire:
                await wire.phone()
                await wire.send("response.create", response={"instructions": f'Say exactly: "{LONG}"'})
                await wire.until("response.output_audio.delta")
                await wire.append(speech(500))
            if left := asyncio.all_tasks() - before:
                _, pending = await asyncio.wait(left, timeout=LIMIT_S)
                assert pending == set()
            assert engine.sessions == 0

    asyncio.run(run())


def test_closing_the_engine_ends_its_sessions() -> None:
    async def run() -> None:
        async with EngineServer(stack()) as engine:
            socket = await connect(engine.url + "?model=x")
            wire = Wire(socket)
            await wire.next()
        with pytest.raises(ConnectionClosed):
            await wire.next()
        assert socket.close_code == 1001

    asyncio.run(run())


def test_a_client_that_does_not_read_makes_the_voice_wait() -> None:
    voice = Hum()

    async def run() -> None:
        async with EngineServer(VoiceStack(LoudIsSpeech, Script(), voice)) as engine:
            text = " ".join(["word"] * 14_400)  # an hour's speech, of which the PCM would be 170 MB
            async with connected(engine.url) as wire:
                wire.socket.transport.pause_reading()
                await wire.send("response.create", response={"instructions": f'Say exactly: "{text}"'})
                assert 0 < await asyncio.to_thread(voice.settled) < 4000
                wire.socket.transport.abort()

    asyncio.run(run())


def test_events_come_in_the_order_of_the_original_over_the_wire() -> None:
    async def talk(wire: Wire) -> None:
        await wire.phone()
        await wire.append(speech(600) + silence(800))
        await wire.until("response.done")
        seen = [kind for kind in kinds(wire.events) if "delta" not in str(kind) and "transcription" not in str(kind)]
        assert seen == [
            "session.created",
            "session.updated",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]

    with_client(talk, stack("Hello."))
