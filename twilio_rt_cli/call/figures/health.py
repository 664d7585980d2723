"""How a call is doing, judged by its counters alone, so that live view, events, records and metrics say the same."""

from dataclasses import dataclass
from enum import StrEnum

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics, percentile

LOST_PART = 0.01
"""of the caller's messages: above it words are lost"""
FEWEST_LOST = 3
JITTER_MS = 60.0
PLAYOUT_LAG_MS = 1000.0
SLOW_V2V_MS = 2000.0
"""median voice-to-voice above which callers ask whether anybody is there"""
SLOW_UNANSWERED_MS = 4000.0
"""wait for an answer after which a caller who speaks again, or hangs up, has given up on it"""
SLOW_START_MS = 4000.0


class Level(StrEnum):
    """How a call is doing."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """The level and, unless healthy, why."""

    level: Level
    why: str = ""


HEALTHY = Health(Level.HEALTHY)


def health(counted: CallStatistics, ended: EndReason | None = None, waiting_ms: float = 0.0) -> Health:
    """The verdict on a call: failed by how it ended, degraded by what was counted. First found, first told.

    `waiting_ms`: how long the caller of a running call has been waiting for an answer.
    """
    if ended is not None and ended.failed and ended is not EndReason.DRAINED:
        return Health(Level.FAILED, ended.value)
    why = _degraded(counted, waiting_ms)
    return Health(Level.DEGRADED, why) if why else HEALTHY


def _degraded(counted: CallStatistics, waiting_ms: float) -> str:
    if counted.media_gaps >= FEWEST_LOST and counted.media_gaps > counted.frames_in * LOST_PART:
        return f"{counted.media_gaps} gaps in the caller's audio"
    if counted.caller_audio_dropped:
        return f"{counted.caller_audio_dropped} messages of caller audio dropped"
    if counted.playout_lag_max_ms > PLAYOUT_LAG_MS:
        return f"agent audio up to {counted.playout_lag_max_ms:.0f} ms late at the phone"
    if (counted.jitter_ms or 0.0) > JITTER_MS:
        return f"{counted.jitter_ms:.0f} ms of jitter"
    if (median := percentile(counted.v2v_ms, 0.5)) is not None and median > SLOW_V2V_MS:
        return f"answers take {median:.0f} ms"
    if (unanswered_ms := max(counted.unanswered_max_ms, waiting_ms)) > SLOW_UNANSWERED_MS:
        return f"no answer for {unanswered_ms:.0f} ms"
    if (counted.first_audio_ms or 0.0) > SLOW_START_MS:
        return f"the first audio took {counted.first_audio_ms:.0f} ms"
    if counted.model_failures:
        return f"{counted.model_failures} errors of the model"
    if counted.tool_failures:
        return f"{counted.tool_failures} tool calls failed"
    if bad := counted.bad_messages_twilio + counted.bad_messages_model:
        return f"{bad} bad messages"
    return ""
