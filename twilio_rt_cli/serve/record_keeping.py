"""Call records and recordings of a server, as the settings want them."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from twilio_rt_cli import __version__
from twilio_rt_cli.agents.agent import Agent
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.models.terms import CallTerms
from twilio_rt_cli.records.audio_files import AudioRecordings, no_listener
from twilio_rt_cli.records.listener import Plain, RecordListener
from twilio_rt_cli.records.reader import RecordReader
from twilio_rt_cli.records.schema import NAME, records_folder
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.server.admission.quota import DayUsage
from twilio_rt_cli.settings.groups import RecordSettings

log = logging.getLogger("twilio_rt.records")


@dataclass(frozen=True, slots=True)
class RecordKeeping:
    """What keeps records and recordings while `running`; None: none are kept, and no file is made."""

    writer: Writer | None
    listener: RecordListener | None
    """for the hub"""
    recordings: AudioRecordings | None
    """where calls are recorded; the listener is told of each file"""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep them in this context. What waits to be written is written when it ends, within 5 s."""
        with ExitStack() as stack:
            if self.writer is not None and self.listener is not None:
                stack.enter_context(self.writer.running(self.listener.notes))
            if self.recordings is not None:
                stack.enter_context(self.recordings)
            yield


def record_keeping(wanted: RecordSettings, ran_with: Mapping[str, Plain]) -> RecordKeeping:
    """As the settings want it; `ran_with` is the configuration of every call. Nothing is opened yet."""
    folder = records_folder(wanted.records_dir)
    writer = Writer(folder / NAME, days=wanted.records_days) if wanted.records else None
    listener = RecordListener(writer, ran_with) if writer is not None else None
    began = no_listener if listener is None else listener.recorded
    recordings = AudioRecordings(folder, days=wanted.records_days or None, began=began) if wanted.record_audio else None
    return RecordKeeping(writer, listener, recordings)


def used_since(wanted: RecordSettings, at: float) -> list[DayUsage]:
    """What each caller had since this moment (seconds since the epoch), for the quota of a server that starts.

    Nothing with RECORDS=false, and nothing of a file that cannot be read, which is logged.
    """
    if not wanted.records:
        return []
    try:
        with RecordReader(records_folder(wanted.records_dir)) as records:
            used = records.usage_since(at)
    except TwilioRtError as error:
        log.warning("limits count from now on, not from the beginning of the day: %s", error.message)
        return []
    return [DayUsage(caller, one.calls, one.seconds, one.cost_usd) for caller, one in used.by_caller.items()]


def configuration(agent: Agent, terms: CallTerms) -> dict[str, Plain]:
    """What the agent's calls run with, for their records: no secret, and of the prompt its name and hash."""
    turns = terms.turn_detection
    ran_with: dict[str, Plain] = {
        "version": __version__,
        "provider": terms.provider.name,
        "model": "offline engine" if terms.offline else agent.model,
        "voice": None if terms.offline else agent.voice,
        "transcription_model": terms.transcription_model,
        "turn_detection": turns.type,
        "noise_reduction": terms.noise_reduction,
        "prompt_file": agent.name,
        "prompt_sha256": agent.prompt_sha256,
        "tools": list(agent.tool_names),
    }
    if turns.type == "server_vad":
        return ran_with | {
            "vad_threshold": turns.threshold,
            "vad_silence_ms": turns.silence_ms,
            "vad_prefix_ms": turns.prefix_ms,
        }
    return ran_with | {"vad_eagerness": turns.eagerness}
