"""Call records of a server, as the settings want them."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from twilio_rt_cli import __version__
from twilio_rt_cli.records.file import NAME, records_folder
from twilio_rt_cli.records.recorder import Plain, Recorder
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.settings import Settings, prompt_text


@contextmanager
def call_records(settings: Settings, tools: Sequence[str] = ()) -> Iterator[Recorder | None]:
    """A listener for the hub that keeps records while the context lasts; None, and no file is made, with RECORDS=false.

    `tools` are the names of the agent's tools. What waits to be written is written when the context ends, within 5 s.
    """
    if not settings.records:
        yield None
        return
    path = records_folder(settings.records_dir) / NAME
    with Writer(path, days=settings.records_days) as writer:
        yield Recorder(writer, configuration(settings, tools))


def configuration(settings: Settings, tools: Sequence[str] = ()) -> dict[str, Plain]:
    """What calls run with, for their records: no secret, and of the prompt its name and hash."""
    prompt = settings.prompt_file
    by_silence = settings.turn_detection == "server_vad"
    ran_with: dict[str, Plain] = {
        "version": __version__,
        "provider": settings.realtime_provider,
        "model": settings.openai_model,
        "voice": settings.openai_voice,
        "transcription_model": settings.transcription_model,
        "turn_detection": settings.turn_detection,
        "noise_reduction": settings.noise_reduction,
        "prompt_file": prompt.name if prompt else "sample",
        "prompt_sha256": hashlib.sha256(prompt_text(prompt).encode()).hexdigest(),
        "tools": list(tools),
    }
    if by_silence:
        return ran_with | {
            "vad_threshold": settings.vad_threshold,
            "vad_silence_ms": settings.vad_silence_ms,
            "vad_prefix_ms": settings.vad_prefix_ms,
        }
    return ran_with | {"vad_eagerness": settings.vad_eagerness}
