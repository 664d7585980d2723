"""Threads for the slow parts: one that listens, one that recognises, one that thinks, one that speaks.

One thread each keeps every session's order, asks no thread safety of the voice packages, and lets turn detection go on
while an utterance is recognised. Sessions share them: speech is made chunk by chunk, so that they take turns.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.engine.brain import Brain
from twilio_rt_cli.engine.session.formats import OutputEncoder, bytes_per_ms
from twilio_rt_cli.engine.session.orders import Heard, Paused, Speak
from twilio_rt_cli.engine.session.prompt import Decision, Prompt
from twilio_rt_cli.engine.turn_listener import TurnListener
from twilio_rt_cli.engine.voice import VoiceActivity, VoiceStack

DELTA_MS = 300
"""The longest audio delta; the original sends pieces of some 200 to 400 ms."""

_LONG_SENTENCE = 80
_SENTENCE = re.compile(r".*?(?:[.!?](?=\s)|$)", re.DOTALL)
_BREATH = re.compile(r".{24,}?[,;:](?=\s)", re.DOTALL)

T = TypeVar("T")
Pcm = NDArray[np.int16]


class Workers:
    """Voice stack and brain behind their threads. Close it when the last session has ended."""

    def __init__(self, stack: VoiceStack, brain: Brain) -> None:
        self._stack = stack
        self._brain = brain
        self._listener = ThreadPoolExecutor(1, "engine-listener")
        self._recogniser = ThreadPoolExecutor(1, "engine-recogniser")
        self._thinker = ThreadPoolExecutor(1, "engine-brain")
        self._voice = ThreadPoolExecutor(1, "engine-voice")
        self._recognising = 0

    def close(self) -> None:
        """Start nothing more; what runs may end by itself."""
        for pool in (self._listener, self._recogniser, self._thinker, self._voice):
            pool.shutdown(wait=False, cancel_futures=True)

    @property
    def is_recogniser_idle(self) -> bool:
        """Whether nobody waits for words, so that it may try what may be in vain."""
        return not self._recognising

    async def transcribe(self, audio: bytes) -> str:
        """The words in µ-law audio at 8 kHz."""
        self._recognising += 1
        try:
            return await _run(self._recogniser, lambda: self._stack.recogniser.transcribe(mulaw.decode(audio)))
        finally:
            self._recognising -= 1

    async def think(self, prompt: Prompt, today: date) -> Decision:
        """What the brain decides."""
        return await _run(self._thinker, lambda: self._brain.decide(prompt, today))

    async def pieces(self, order: Speak) -> "Speech":
        """The voice's audio for an order, to be asked for piece by piece."""
        speech = Speech(order)
        await _run(self._voice, lambda: speech.begin(self._stack))
        return speech

    async def next_pieces(self, speech: "Speech") -> list[bytes]:
        """The next audio, in pieces of at most 300 ms; empty at the end."""
        return await _run(self._voice, speech.next)

    async def new_activity(self) -> VoiceActivity:
        """A voice activity detector of one's own."""
        return await _run(self._listener, self._stack.voice_activity)

    async def listen(self, listener: TurnListener, audio: bytes) -> list[Heard | Paused]:
        """What a listener notices in µ-law audio at 8 kHz."""
        return await _run(self._listener, lambda: listener.listen(audio))


class Speech:
    """One text on its way to audio. Its methods block; they run on the voice's thread."""

    def __init__(self, order: Speak) -> None:
        self._text = order.text
        self._encoder = OutputEncoder(order.format)
        self._piece_bytes = DELTA_MS * bytes_per_ms(order.format)
        self._chunks: Iterator[Pcm] | None = None
        self._held = b""

    def begin(self, stack: VoiceStack) -> None:
        """Get the voice ready for the text."""
        self._chunks = chain.from_iterable(stack.voice.speak(part) for part in breaths(self._text))

    def next(self) -> list[bytes]:
        """Audio of at least one chunk, cut into pieces; what is shorter than a piece waits for more, until the end."""
        assert self._chunks is not None
        while (chunk := next(self._chunks, None)) is not None:
            self._held += self._encoder.feed(chunk)
            if pieces := self._cut():
                return pieces
        self._held += self._encoder.flush()
        rest = [*self._cut(), self._held]
        self._held = b""
        return [piece for piece in rest if piece]

    def _cut(self) -> list[bytes]:
        pieces = []
        while len(self._held) >= self._piece_bytes:
            pieces.append(self._held[: self._piece_bytes])
            self._held = self._held[self._piece_bytes :]
        return pieces


def breaths(text: str) -> tuple[str, ...]:
    """The text, cut at a comma of a long first sentence, since the voice makes a sentence before any of it is heard."""
    first = _SENTENCE.match(text)
    comma = _BREATH.match(text)
    if first is None or comma is None or len(first[0]) <= _LONG_SENTENCE or comma.end() >= len(first[0]):
        return (text,)
    return text[: comma.end()], text[comma.end() :]


async def _run(pool: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work)
