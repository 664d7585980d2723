"""The official SDK's realtime client, unchanged, holds a spoken conversation with the engine."""

import asyncio
import base64
from datetime import date

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent

from tests.e2e.callers import real_stack, spoken_mulaw
from tests.engine.strict import checked
from twilio_rt_cli.engine.server import EngineServer

PROMPT = """# Opening hours
We are open Monday to Friday from nine in the morning until six in the evening, and on Saturday from ten until two.
On public holidays we are closed, and in August we close at four in the afternoon.
"""
TOOL = {
    "type": "function",
    "name": "check_appointment",
    "description": "Look up whether an appointment is free.",
    "parameters": {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "at": {"type": "string", "format": "time", "description": "start time"},
        },
        "required": ["day", "at"],
    },
}
PCMU = {"type": "audio/pcmu"}
LIMIT_S = 20


class Caller:
    """The SDK's connection, and what came over it."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.seen: list[RealtimeServerEvent] = []

    async def until(self, kind: str) -> RealtimeServerEvent:
        """The next event of a type. Each is checked strictly, and none may be an error."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                frame = await self.connection.recv_bytes()
                checked(frame)
                event = self.connection.parse_event(frame)
                self.seen.append(event)
                assert event.type != "error", event
                if event.type == kind:
                    return event

    async def say(self, text: str) -> str:
        """Says something; what the engine understood."""
        audio = spoken_mulaw(text)
        for start in range(0, len(audio), 1600):
            encoded = base64.b64encode(audio[start : start + 1600]).decode()
            await self.connection.input_audio_buffer.append(audio=encoded)
        event = await self.until("conversation.item.input_audio_transcription.completed")
        assert event.type == "conversation.item.input_audio_transcription.completed"
        return event.transcript.lower()

    async def answer(self) -> str:
        """What the agent said in the response that is on its way."""
        event = await self.until("response.done")
        assert event.type == "response.done"
        assert event.response.output
        (item,) = event.response.output
        assert item.type == "message"
        assert item.role == "assistant"
        assert item.content[0].transcript
        return item.content[0].transcript


def test_a_spoken_tool_using_interrupted_conversation() -> None:
    async def run() -> None:
        async with EngineServer(real_stack(), today=lambda: date(2026, 11, 23)) as engine:
            client = AsyncOpenAI(api_key="x", websocket_base_url=engine.url.removesuffix("/realtime"))
            async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
                await converse(Caller(connection))

    asyncio.run(run())


async def converse(caller: Caller) -> None:
    await caller.until("session.created")
    realtime = caller.connection
    await realtime.session.update(
        session={
            "type": "realtime",
            "instructions": PROMPT,
            "tools": [TOOL],  # type: ignore[list-item]  # a plain dict, as people write it
            "audio": {
                "input": {
                    "format": PCMU,  # type: ignore[typeddict-item]  # likewise
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
                },
                "output": {"format": PCMU, "voice": "marin"},  # type: ignore[typeddict-item]  # likewise
            },
        }
    )
    await caller.until("session.updated")

    await realtime.response.create(response={"instructions": 'Say exactly: "Hello, how can I help?"'})
    assert await caller.answer() == "Hello, how can I help?"

    assert "appointment on thursday" in await caller.say("Is there a free appointment on Thursday, at two p.m.?")
    called = await caller.until("response.function_call_arguments.done")
    assert called.type == "response.function_call_arguments.done"
    assert called.arguments == '{"day":"2026-11-26","at":"14:00"}'
    await caller.until("response.done")
    output = '{"available": false, "day": "2026-11-26", "time": "14:00", "free": ["13:00", "16:00"]}'
    await realtime.conversation.item.create(
        item={"type": "function_call_output", "call_id": called.call_id, "output": output}
    )
    await realtime.response.create()
    assert await caller.answer() == (
        "I'm sorry, Thursday, November 26th at 2 p.m. is not free. Free are 1 p.m. and 4 p.m."
    )

    assert "opening hours" in await caller.say("What are your opening hours?")
    delta = await caller.until("response.output_audio.delta")
    assert delta.type == "response.output_audio.delta"
    assert "tell you" in await caller.say("I will tell you something.")
    ended = next(
        event for event in caller.seen if event.type == "response.done" and delta.response_id == event.response.id
    )
    assert ended.type == "response.done"
    if ended.response.status == "completed":  # made before the interruption: then the client tells what was heard
        await realtime.conversation.item.truncate(item_id=delta.item_id, content_index=0, audio_end_ms=1200)
        await caller.until("conversation.item.truncated")
    else:
        assert ended.response.status == "cancelled"
        assert ended.response.status_details is not None
        assert ended.response.status_details.reason == "turn_detected"

    assert "goodbye" in (await caller.say("Thank you, goodbye.")).replace("-", "").replace("good by.", "goodbye")
    assert "oodbye" in await caller.answer()
    spoken = sum(len(event.delta) for event in caller.seen if event.type == "response.output_audio.delta")
    assert spoken * 3 / 4 / 8000 > 10  # seconds of voice in five answers, one of them cut short
