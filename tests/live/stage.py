"""A dozen calls to look at: `python -m tests.live.stage`, beside a `serve` that answers them.

Plays the model and the callers: conversations with tools and interruptions; one line loses 5 %, one model is slow.
Start the server as it says, in a terminal of the size to be looked at.
"""

import argparse
import asyncio
import random
import sys
from contextlib import suppress

import httpx
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from tests.scripted_model import PER_MS, Answer, Connection, FunctionCall, Script, Speech
from twilio_rt_cli.caller.client import SimulatedCall, place_call
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.caller.script import Pause, WaitGreeting

TOKEN = "0123456789abcdef0123456789abcdef"
GREETING = "Hello, this is the Copper Wheel bicycle workshop. How can I help you?"
TALK = (
    ("Is there a free appointment on Thursday at two?", "Yes, two in the afternoon on Thursday is free."),
    ("What are your opening hours?", "We are open Monday to Friday from nine to six, and on Saturday until one."),
    ("How much is a new chain?", "A new chain with fitting is forty-five euros."),
    ("Can you look after my brakes as well?", "Of course, we check the brakes with every service."),
)
LOSSY, SLOW = 4, 8
USAGE = {
    "input_tokens": 900,
    "output_tokens": 150,
    "input_token_details": {
        "text_tokens": 700,
        "audio_tokens": 200,
        "cached_tokens": 640,
        "cached_tokens_details": {"text_tokens": 640, "audio_tokens": 0},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 120},
}


def said(text: str) -> Answer:
    return Answer((Speech(60 * len(text), text=text),), usage=USAGE)


async def converse(connection: Connection, dice: random.Random, think_s: float) -> None:
    """The caller and the agent take turns until the call is over; now and then the caller cuts in."""
    with suppress(ConnectionClosed):
        await take_turns(connection, dice, think_s)


async def take_turns(connection: Connection, dice: random.Random, think_s: float) -> None:
    await asyncio.sleep(5)  # the greeting is heard out
    while True:
        await asyncio.sleep(dice.uniform(0.5, 2.5))
        question, answer = dice.choice(TALK)
        item = f"item_said_{dice.randrange(10**9)}"
        began_ms = connection.caller_samples // PER_MS - 380  # the prefix, and what a detector needs to be sure
        await connection.send("input_audio_buffer.speech_started", audio_start_ms=max(1, began_ms), item_id=item)
        await connection.cancel("turn_detected")
        await asyncio.sleep(0.05 * len(question))
        ended_ms = connection.caller_samples // PER_MS
        await connection.send("input_audio_buffer.speech_stopped", audio_end_ms=ended_ms, item_id=item)
        await connection.send("input_audio_buffer.committed", item_id=item, previous_item_id=None)
        await asyncio.sleep(think_s * dice.uniform(0.6, 1.6))
        done = "conversation.item.input_audio_transcription.completed"
        await connection.send(done, item_id=item, content_index=0, transcript=question)
        if dice.random() < 0.3:
            arguments = '{"day":"2026-11-26","at":"14:00"}'
            connection.script.answers[:] = [said(answer)]
            await connection.answer(Answer((FunctionCall("check_appointment", arguments),), usage=USAGE))
        else:
            await connection.answer(said(answer))
        heard_s = 0.06 * len(answer)
        await asyncio.sleep(heard_s * (0.4 if dice.random() < 0.3 else 1.1))


async def call(url: str, number: int, over: asyncio.Event) -> None:
    quality = LineQuality(loss_percent=5 if number == LOSSY else 0)
    plan = SimulatedCall(
        url,
        (WaitGreeting(limit_s=10), Pause(3_600_000)),
        signer=Signer(TOKEN),
        from_number=f"+1415555{1000 + number * 37}",
        longest_verb_s=0.2,
        quality=quality,
        seed=number,
    )
    report = await place_call(plan, hang_up=over)
    sys.stderr.write(f"call {number}: {report.ended} {report.failures}\n")


async def play(calls: int, port: int, model_port: int, seconds: float) -> None:
    """Wait for the server, call it, and hang up after so long."""
    script = Script([said(GREETING)])
    url, over = f"http://127.0.0.1:{port}", asyncio.Event()
    async with serve(script.take, "127.0.0.1", model_port, max_size=None), asyncio.TaskGroup() as group:
        settings = f"OPENAI_API_KEY=sk-x OPENAI_REALTIME_URL=ws://127.0.0.1:{model_port} TWILIO_AUTH_TOKEN={TOKEN}"
        sys.stdout.write(f"start: {settings} twilio-rt serve --port {port}\n")
        sys.stdout.flush()
        async with httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    await http.get(f"{url}/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
        talking = []
        for number in range(calls):
            script.answers[:] = [said(GREETING)]
            group.create_task(call(url, number, over))
            connection = await script.connected(number + 1)
            think_s = 2.2 if number == SLOW else 0.25
            one = converse(connection, random.Random(number), think_s)
            talking.append(group.create_task(one))
            await asyncio.sleep(0.7)
        await asyncio.sleep(seconds)
        for task in talking:
            task.cancel()
        over.set()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.live.stage", description=__doc__)
    parser.add_argument("--calls", type=int, default=12)
    parser.add_argument("--port", type=int, default=5001, help="of the server")
    parser.add_argument("--model-port", type=int, default=8766)
    parser.add_argument("--seconds", type=float, default=60, help="how long they talk once all have called")
    asked = parser.parse_args()
    asyncio.run(play(asked.calls, asked.port, asked.model_port, asked.seconds))
