"""Call records and recordings of a server, as the settings want them."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from twilio_rt_cli import __version__
from twilio_rt_cli.agents.prompt import prompt_text
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.records.audio_files import AudioRecordings, tell_nobody
from twilio_rt_cli.records.listener import Plain, RecordListener
from twilio_rt_cli.records.reader import RecordReader
from twilio_rt_cli.records.schema import NAME, records_folder
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.server.admission.quota import DayUsage
from twilio_rt_cli.settings.groups import Settings

log = logging.getLogger("twilio_rt.records")


@contextmanager
def call_records(settings: Settings, tools: Sequence[str] = ()) -> Iterator[RecordListener | None]:
    """A listener for the hub that keeps records while the context lasts; None, and no file is made, with RECORDS=false.

    `tools` are the names of the agent's tools. What waits to be written is written when the context ends, within 5 s.
    """
    if not settings.records.records:
        yield None
        return
    path = records_folder(settings.records.records_dir) / NAME
    writer = Writer(path, days=settings.records.records_days)
    listener = RecordListener(writer, configuration(settings, tools))
    with writer.running(listener.notes):
        yield listener


def recordings(settings: Settings, listener: RecordListener | None) -> AbstractContextManager[AudioRecordings | None]:
    """Where calls are recorded, if they are to be; the listener is told of each file."""
    if not settings.records.record_audio:
        return nullcontext()
    began = tell_nobody if listener is None else listener.recorded
    return AudioRecordings(
        records_folder(settings.records.records_dir), days=settings.records.records_days or None, began=began
    )


def used_since(settings: Settings, at: float) -> list[DayUsage]:
    """What each caller had since this moment (seconds since the epoch), for the quota of a server that starts.

    Nothing with RECORDS=false, and nothing of a file that cannot be read, which is logged.
    """
    if not settings.records.records:
        return []
    try:
        with RecordReader(records_folder(settings.records.records_dir)) as records:
            used = records.usage_since(at)
    except TwilioRtError as error:
        log.warning("limits count from now on, not from the beginning of the day: %s", error.message)
        return []
    return [DayUsage(caller, one.calls, one.seconds, one.cost_usd) for caller, one in used.by_caller.items()]


def configuration(settings: Settings, tools: Sequence[str] = ()) -> dict[str, Plain]:
    """What calls run with, for their records: no secret, and of the prompt its name and hash."""
    prompt = settings.agent.prompt_file
    local = settings.model.realtime_provider == "local"
    by_silence = settings.hearing.turn_detection == "server_vad"
    ran_with: dict[str, Plain] = {
        "version": __version__,
        "provider": settings.model.realtime_provider,
        "model": "offline engine" if local else settings.model.openai_model,
        "voice": None if local else settings.model.openai_voice,
        "transcription_model": settings.hearing.transcription_model,
        "turn_detection": settings.hearing.turn_detection,
        "noise_reduction": settings.hearing.noise_reduction,
        "prompt_file": prompt.name if prompt else "sample",
        "prompt_sha256": hashlib.sha256(prompt_text(prompt).encode()).hexdigest(),
        "tools": list(tools),
    }
    if by_silence:
        return ran_with | {
            "vad_threshold": settings.hearing.vad_threshold,
            "vad_silence_ms": settings.hearing.vad_silence_ms,
            "vad_prefix_ms": settings.hearing.vad_prefix_ms,
        }
    return ran_with | {"vad_eagerness": settings.hearing.vad_eagerness}
