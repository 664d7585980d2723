"""How long the caller waits for answers, and at what moments they began and ceased to speak.

The model tells those as positions in the audio that was written to it; `Arrivals` knows when each came.
"""

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.model_link import ModelLink
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.protocol.realtime import SpeechStarted, SpeechStopped

HANGOVER_MS = 60
"""How much later than the ear a voice detector takes speech to end: it judges windows of some 30 ms, and its certainty
falls over two of them. Measured with Silero's against the loudness of speech: 40 to 90 ms, on lossy lines to 120"""


class ResponseTimes:
    """Keeps `v2v_ms` and `unanswered_max_ms` of a call's counters; all moments in monotonic seconds."""

    def __init__(self, plan: CallPlan, link: ModelLink, arrivals: Arrivals, now: float) -> None:
        self._after_speech_ms = plan.silence_ms + HANGOVER_MS if plan.silence_ms else 0
        self._prefix_ms = plan.prefix_ms
        self._link = link
        self._arrivals = arrivals
        self._statistics = link.statistics
        self._started_at = now
        self._speech_ended_at: float | None = None

    def ms(self, now: float) -> float:
        """Since the call began."""
        return (now - self._started_at) * 1000

    def waiting_ms(self, now: float) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""
        return 0.0 if self._speech_ended_at is None else (now - self._speech_ended_at) * 1000

    def speech_started(self, event: SpeechStarted, now: float) -> float | None:
        """The caller speaks, and waits no more. When their first sound came; None: the model does not tell."""
        self.gave_up(now)
        if not event.audio_start_ms:
            return None
        # Where the speech is told to begin lies the prefix before the first sound. (Realtime API, prefix_padding_ms)
        return self._moment_of((event.audio_start_ms + self._prefix_ms) * PER_MS, now)

    def speech_stopped(self, event: SpeechStopped, now: float) -> None:
        """The caller waits for an answer from here on."""
        if event.audio_end_ms:  # else it is not told, and no answer can be timed by it
            self._speech_ended_at = self._moment_of((event.audio_end_ms - self._after_speech_ms) * PER_MS, now)

    def answered(self, now: float) -> float | None:
        """The first audio of an answer goes out: how long the caller has waited, in ms; None: they had not spoken."""
        if self._speech_ended_at is None:
            return None
        waited_ms = self.waiting_ms(now)
        self._statistics.v2v_ms.append(waited_ms)
        self._speech_ended_at = None
        return waited_ms

    def gave_up(self, now: float) -> None:
        """The caller waits no more, if they did: such a wait is no v2v, and must not look like none."""
        if self._speech_ended_at is not None:
            self._statistics.unanswered_max_ms = max(self.waiting_ms(now), self._statistics.unanswered_max_ms)
            self._speech_ended_at = None

    def _moment_of(self, position: int, now: float) -> float:
        return self._arrivals.moment_of(position, self._link.appended, now)
