"""The caller's audio as it comes: whether it is ours, whether something is missing, and whether it is too much.

Nearly all of it `passes`: it is in order, the model takes it, and there is nothing else to do. What does not pass is
told to `take`, which says what to do about it. To take what would have passed does the same as to let it pass, so
nobody has to ask first.
"""

from collections.abc import Callable
from math import inf

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.call.arrivals import BETWEEN_SAMPLES, Arrivals
from twilio_rt_cli.call.commands import Command
from twilio_rt_cli.call.events import BadMessage
from twilio_rt_cli.call.figures.end_reason import Ending, EndReason
from twilio_rt_cli.call.model_link import ModelLink
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.protocol.realtime_client import AppendAudio
from twilio_rt_cli.protocol.twilio import Media, StreamSid

FLOOD_S = 5.0
FLOOD = 1000
"""Media messages that no phone sends within FLOOD_S: Twilio sends 50 a second"""
LONGEST_PAYLOAD = PER_S
"""Samples in one media message; Twilio sends 160"""
BETWEEN_LOOKS = 3
"""Media messages that come before the next one looks whether agent audio that waits may go: room for 200 ms of it is
needed anyway. A mask: one less than a power of two"""
LONG_PAYLOAD = 800
"""Samples in a media message after which too much time has passed for others to be waited for"""
HOLE_MS = 35
"""From one media message to the next: more than one that carries 20 ms, less than two"""


class CallerAudio:
    """The media messages of one stream, in the order in which they come."""

    def __init__(
        self, stream_sid: StreamSid, link: ModelLink, playout: Playout, arrivals: Arrivals, now: float
    ) -> None:
        self._stream_sid = stream_sid
        self._link = link
        self._playout = playout
        self._arrivals = arrivals
        self._statistics = link.statistics
        self._sequence_number = 0
        self._hole_after_ms: float = inf
        """a timestamp above this one shows that audio before it is missing"""
        self._flood_began_at = now
        self._flood_at_frame = FLOOD

    def passes(self, event: Media, clock: Callable[[], float]) -> bool:
        """Whether this is caller audio as nearly all is: in order, the model takes it, and there is nothing else to do.

        Then it is counted, and has to be sent to the model; if not, it has to be told to `take`. The clock is asked
        for one message in eight.
        """
        media, sequence_number = event.media, event.sequence_number
        samples = len(media.payload)
        counters, playout = self._statistics, self._playout
        frames = counters.frames_in
        if (
            not self._link.takes_audio
            or sequence_number != self._sequence_number + 1
            or media.timestamp > self._hole_after_ms
            or event.stream_sid != self._stream_sid
            or not 0 < samples <= LONGEST_PAYLOAD
            or frames >= self._flood_at_frame
            or playout.cuts
            or (playout.queue and (samples > LONG_PAYLOAD or not frames & BETWEEN_LOOKS))
        ):
            return False
        self._sequence_number = sequence_number
        self._hole_after_ms = media.timestamp + HOLE_MS
        counters.frames_in = frames + 1
        counters.bytes_in += samples
        if not sequence_number & BETWEEN_SAMPLES:
            self._arrivals.arrived(media.timestamp, self._link.appended, clock())
        return True

    def take(self, event: Media, now: float) -> list[Command] | BadMessage | Ending:
        """Any caller audio: what goes to the model and to the phone for it, or what is wrong with it."""
        self.sample(event, now)
        payload, timestamp_ms = event.media.payload, event.media.timestamp
        samples = len(payload)
        # Packets that the telephone network lost leave no hole in the numbers, but one in the stream's time.
        if not self.follow(event.sequence_number) and timestamp_ms > self._hole_after_ms:
            self._statistics.media_gaps += 1
        self._hole_after_ms = timestamp_ms + HOLE_MS
        if event.stream_sid != self._stream_sid and event.stream_sid:
            return BadMessage(from_model=False, why="media of another stream")
        if not 0 < samples <= LONGEST_PAYLOAD:
            return BadMessage(from_model=False, why=f"{samples} samples in one media message")
        counters, playout = self._statistics, self._playout
        looks = playout.cuts or samples > LONG_PAYLOAD or not counters.frames_in & BETWEEN_LOOKS
        counters.frames_in += 1
        counters.bytes_in += samples
        if counters.frames_in > self._flood_at_frame:
            if now < self._flood_began_at + FLOOD_S:
                return Ending(EndReason.BAD_MESSAGES, "a flood of media", close_code=1008)
            self._flood_began_at, self._flood_at_frame = now, counters.frames_in + FLOOD
        released = playout.media(now) if looks else ()
        if self._link.takes_audio:
            return [AppendAudio(payload), *released]
        self._link.hold(payload)
        return [*released]

    def sample(self, event: Media, now: float) -> None:
        """Note when it came, of one message in eight."""
        if not event.sequence_number & BETWEEN_SAMPLES:
            position = self._link.appended + len(event.media.payload)
            self._arrivals.arrived(event.media.timestamp, position, now)

    def follow(self, sequence_number: int) -> bool:
        """Any message of the stream came: whether audio was lost on the way to us, for Twilio numbers all messages."""
        if not sequence_number:
            return False
        lost = bool(self._sequence_number) and sequence_number > self._sequence_number + 1
        self._statistics.media_gaps += lost
        self._sequence_number = sequence_number
        return lost
