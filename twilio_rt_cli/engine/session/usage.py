"""What a response costs in tokens, by the original's published rates.

(OpenAI, guide "Managing Realtime costs".) Caller audio: a token per 100 ms. Agent audio: a token per 50 ms. Text: about
four characters a token. The whole conversation is input again for every response; what the last response already saw
counts as cached.
"""

from collections.abc import Iterable

import msgspec

from twilio_rt_cli.engine.session.config import FunctionTool
from twilio_rt_cli.engine.session.items import Entry, FunctionCall, FunctionCallOutput
from twilio_rt_cli.engine.session.server_events import (
    CachedDetails,
    DurationUsage,
    InputDetails,
    OutputDetails,
    ResponseUsage,
    TokenDetails,
    TokenUsage,
)

_CACHE_BLOCK = 64


def text_tokens(text: str) -> int:
    """About four characters a token."""
    return -(-len(text) // 4)


def caller_audio_tokens(duration_ms: int) -> int:
    """One per 100 ms."""
    return -(-duration_ms // 100)


def agent_audio_tokens(duration_ms: int) -> int:
    """One per 50 ms."""
    return -(-duration_ms // 50)


def output_tokens(entries: Iterable[Entry]) -> OutputDetails:
    """What a response's items cost as output."""
    text = audio = 0
    for entry in entries:
        if isinstance(entry.item, FunctionCall):
            text += text_tokens(entry.item.name) + text_tokens(entry.item.arguments)
        else:
            text += text_tokens(entry.said or "")
            audio += agent_audio_tokens(entry.duration_ms)
    return OutputDetails(text, audio)


def transcription_usage(model: str | None, duration_ms: int, text: str) -> TokenUsage | DurationUsage:
    """What a transcription costs: seconds for whisper-1, tokens for the later models."""
    if model == "whisper-1":
        return DurationUsage(seconds=duration_ms / 1000)
    heard, written = caller_audio_tokens(duration_ms), text_tokens(text)
    return TokenUsage(heard, written, heard + written, TokenDetails(audio_tokens=heard))


class UsageMeter:
    """Counts a session's responses; remembers the last input for the cache."""

    def __init__(self) -> None:
        self._seen_text = 0
        self._seen_audio = 0

    def bust(self) -> None:
        """What the model saw before has changed, so nothing of it is cached any more."""
        self._seen_text = self._seen_audio = 0

    def measure(
        self, instructions: str, tools: Iterable[FunctionTool], context: Iterable[Entry], output: Iterable[Entry]
    ) -> ResponseUsage:
        """The usage of a response that read all this and made `output`."""
        text = text_tokens(instructions) + sum(text_tokens(msgspec.json.encode(tool).decode()) for tool in tools)
        audio = 0
        for entry in context:
            text += _context_text(entry)
            audio += _context_audio(entry)
        cached = CachedDetails(
            text_tokens=min(text, self._seen_text) // _CACHE_BLOCK * _CACHE_BLOCK,
            audio_tokens=min(audio, self._seen_audio) // _CACHE_BLOCK * _CACHE_BLOCK,
        )
        self._seen_text, self._seen_audio = text, audio
        made = output_tokens(output)
        return ResponseUsage(
            total_tokens=text + audio + made.text_tokens + made.audio_tokens,
            input_tokens=text + audio,
            output_tokens=made.text_tokens + made.audio_tokens,
            input_token_details=InputDetails(
                text_tokens=text,
                audio_tokens=audio,
                cached_tokens=cached.text_tokens + cached.audio_tokens,
                cached_tokens_details=cached,
            ),
            output_token_details=made,
        )


def _context_text(entry: Entry) -> int:
    item = entry.item
    if isinstance(item, FunctionCall):
        return text_tokens(item.name) + text_tokens(item.arguments)
    if isinstance(item, FunctionCallOutput):
        return text_tokens(item.output)
    return 0 if entry.is_caller_audio else text_tokens(entry.said or "")


def _context_audio(entry: Entry) -> int:
    if entry.is_caller_audio:
        return caller_audio_tokens(entry.duration_ms)
    return agent_audio_tokens(entry.duration_ms) if entry.is_agent_audio else 0
