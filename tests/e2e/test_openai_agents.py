"""An unmodified openai-agents realtime session holds a spoken conversation with the engine."""

import asyncio
from datetime import date

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession, RealtimeSessionEvent

from tests.e2e.callers import heard, real_stack, spoken_pcm
from twilio_rt_cli.engine.server import EngineServer

PROMPT = """You answer for a bakery.

# Opening hours
We are open Monday to Friday from seven in the morning until six in the evening, and on Saturday from eight until two.
On public holidays we are closed, and in August we close at four in the afternoon.
"""
MODEL = "gpt-realtime-2.1"
LIMIT_S = 20
CHUNK = 4800


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"It is sunny in {city} today."


class Call:
    """The session, and its events as they come."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.seen: list[RealtimeSessionEvent] = []

    async def say(self, text: str) -> None:
        """Audio of a sentence."""
        audio = spoken_pcm(text)
        for start in range(0, len(audio), CHUNK):
            await self.session.send_audio(audio[start : start + CHUNK])

    async def until(self, kind: str) -> RealtimeSessionEvent:
        """The next event of a type; none may be an error."""
        async with asyncio.timeout(LIMIT_S):
            async for event in self.session:
                self.seen.append(event)
                assert event.type != "error", event
                if event.type == kind:
                    return event
        raise AssertionError(f"the session ended without {kind}")

    async def answer(self) -> str:
        """What a person hears of the agent until it ends."""
        first = len(self.seen)
        await self.until("audio_end")
        return heard(b"".join(event.audio.data for event in self.seen[first:] if event.type == "audio"))


def test_a_spoken_tool_using_interrupted_conversation() -> None:
    async def run() -> None:
        async with EngineServer(real_stack(), today=lambda: date(2026, 11, 23)) as engine:
            agent = RealtimeAgent(name="Baker", instructions=PROMPT, tools=[get_weather])
            runner = RealtimeRunner(agent, config={"tracing_disabled": True})
            session = await runner.run(
                model_config={
                    "url": f"{engine.url}?model={MODEL}",
                    "api_key": "x",
                    "initial_model_settings": {
                        "model_name": MODEL,
                        "voice": "marin",
                        "turn_detection": {"type": "server_vad", "interrupt_response": True},
                    },
                }
            )
            async with session:
                await converse(Call(session))

    asyncio.run(run())


async def converse(call: Call) -> None:
    await call.say("What is the weather in Boston?")
    ended = await call.until("tool_end")
    assert ended.type == "tool_end"
    assert ended.output == "It is sunny in Boston today."
    weather = await call.answer()
    assert "sunny" in weather
    assert "boston" in weather

    await call.say("What are your opening hours?")
    await call.until("audio")
    await call.say("Wait, who are you?")
    await call.until("audio_interrupted")
    answer = ""
    while "engine" not in answer:
        answer = await call.answer()

    await call.session.send_message("Thank you, goodbye.")
    assert "bye" in (await call.answer()).replace("-", "")
    histories = [event.history for event in call.seen if event.type == "history_updated"]
    assert "weather in Boston" in str(histories[-1])
