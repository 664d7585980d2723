"""Models whose last day is announced, and what takes their place. Source: OpenAI API, "Deprecations"."""

from dataclasses import dataclass
from datetime import date

_REALTIME = date(2027, 1, 20)
_TRANSCRIPTION = date(2027, 2, 26)


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The end of a model."""

    on: date
    replacement: str


SHUTDOWNS = {
    "gpt-realtime": Shutdown(_REALTIME, "gpt-realtime-2.1"),
    "gpt-realtime-2025-08-28": Shutdown(_REALTIME, "gpt-realtime-2.1"),
    "gpt-realtime-mini": Shutdown(_REALTIME, "gpt-realtime-2.1-mini"),
    "gpt-realtime-mini-2025-12-15": Shutdown(_REALTIME, "gpt-realtime-2.1-mini"),
    "whisper-1": Shutdown(_TRANSCRIPTION, "gpt-transcribe"),
    "gpt-4o-transcribe": Shutdown(_TRANSCRIPTION, "gpt-transcribe"),
    "gpt-4o-mini-transcribe": Shutdown(_TRANSCRIPTION, "gpt-transcribe"),
    "gpt-4o-mini-transcribe-2025-12-15": Shutdown(_TRANSCRIPTION, "gpt-transcribe"),
    "gpt-4o-transcribe-diarize": Shutdown(_TRANSCRIPTION, "gpt-transcribe"),
}
