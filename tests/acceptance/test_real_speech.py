"""Real human speech through phone, bridge and engine: the word error rate of what the engine heard.

The speech is Debian's `asterisk-core-sounds-en-wav`: telephone prompts that a person recorded at 8 kHz.
"""

import asyncio
import gzip
import re
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live_phone import LivePhone, live_phone
from tests.open_bridge import PLAN, open_bridge
from twilio_rt_cli.audio.wav import read_mulaw
from twilio_rt_cli.call.notices import CallerTurn, Notice
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.caller.wording import normal
from twilio_rt_cli.engine.process import engine_process
from twilio_rt_cli.models.dialects.openai import session_config

SOUNDS = Path("/usr/share/asterisk/sounds/en")
TRANSCRIPTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
PROMPTS, CALLS = 40, 4
LONGEST_S, SHORTEST_S, FEWEST_WORDS = 9.0, 1.2, 4
QUIET_S = 1.6
MOST_WRONG = 0.10


def prompts() -> list[tuple[Path, str]]:
    """Forty prompts spread over the collection: whole sentences of a few seconds."""
    found = [(path, text) for path, text in _transcribed() if _is_sentence(text) and _fits(path)]
    return [found[number * len(found) // PROMPTS] for number in range(PROMPTS)]


def _transcribed() -> Iterator[tuple[Path, str]]:
    for line in gzip.decompress(TRANSCRIPTS.read_bytes()).decode().splitlines():
        name, colon, text = line.partition(":")
        path = SOUNDS / f"{name.strip()}.wav"
        if colon and path.is_file():
            yield path, text.strip()


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= FEWEST_WORDS and not re.search(r"[\[\]()*#/]|\.\.\.", text)


def _fits(path: Path) -> bool:
    with wave.open(str(path)) as audio:
        return bool(SHORTEST_S <= audio.getnframes() / audio.getframerate() <= LONGEST_S)


def wrong_words(said: str, heard: str) -> tuple[int, int]:
    """Least number of words to change, add or drop; and the number of words said."""
    truth, guess = normal(said).split(), normal(heard).split()
    row = list(range(len(guess) + 1))
    for number, word in enumerate(truth, 1):
        last, row = row, [number]
        for place, other in enumerate(guess, 1):
            row.append(min(last[place] + 1, row[-1] + 1, last[place - 1] + (word != other)))
    return row[-1], len(truth)


async def say_all(url: str, turns: asyncio.Queue[str], spoken: list[tuple[Path, str]]) -> list[tuple[str, str]]:
    async with live_phone(url) as phone:
        return [(text, await say(phone, turns, read_mulaw(path))) for path, text in spoken]


async def say(phone: LivePhone, turns: asyncio.Queue[str], audio: bytes) -> str:
    """Say one prompt; what was heard of it, a pause within it included."""
    phone.phone.say(audio)
    heard = [await asyncio.wait_for(turns.get(), len(audio) / 8000 + 15)]
    while True:
        try:
            heard.append(await asyncio.wait_for(turns.get(), QUIET_S))
        except TimeoutError:
            if not phone.phone.speaking:
                return " ".join(heard)


async def one_call(engine_url: str, spoken: list[tuple[Path, str]]) -> list[tuple[str, str]]:
    turns: asyncio.Queue[str] = asyncio.Queue()

    def publish(notice: Notice) -> None:
        if isinstance(notice, CallerTurn):
            turns.put_nowait(notice.text)

    session = session_config(instructions="", voice="marin", transcription_model="any")
    plan = CallPlan(session=session, greeting="", silence_ms=PLAN.silence_ms)
    async with open_bridge(f"{engine_url}?model=offline", plan=plan, publish=publish) as url:
        return await say_all(url, turns, spoken)


@pytest.mark.acceptance
@pytest.mark.skipif(not TRANSCRIPTS.exists(), reason="Debian's asterisk-core-sounds-en-wav is not installed")
def test_forty_prompts_of_a_real_voice_are_understood() -> None:
    async def test(engine_url: str) -> list[tuple[str, str]]:
        spoken = prompts()
        parts = [spoken[number::CALLS] for number in range(CALLS)]
        return [pair for part in await asyncio.gather(*(one_call(engine_url, part) for part in parts)) for pair in part]

    with engine_process() as engine_url:
        pairs = asyncio.run(test(engine_url))
    wrong, words = (sum(counts) for counts in zip(*(wrong_words(*pair) for pair in pairs), strict=True))
    for said, heard in pairs:
        if wrong_words(said, heard)[0]:
            print(f"\nsaid  {said}\nheard {heard}")
    print(f"\nword error rate {wrong / words:.1%}: {wrong} of {words} words, {len(pairs)} prompts")
    assert len(pairs) == PROMPTS
    assert wrong / words <= MOST_WRONG
