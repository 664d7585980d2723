"""The recording of a call: two tracks on one clock, the caller and the agent as the caller heard it. Pure."""

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.caller.loudness import SILENCE


class CallTape:
    """Takes stretches of µ-law audio with the time they were heard."""

    def __init__(self, began_at: float) -> None:
        self._began_at = began_at
        self._caller = bytearray()
        self._agent = bytearray()

    def caller(self, at: float, mulaw: bytes) -> None:
        """The caller said this, from `at` on."""
        self._put(self._caller, at, mulaw)

    def agent(self, at: float, mulaw: bytes) -> None:
        """The caller heard this, from `at` on."""
        self._put(self._agent, at, mulaw)

    def tracks(self) -> tuple[bytes, bytes]:
        """Caller and agent, equally long."""
        length = max(len(self._caller), len(self._agent))
        return bytes(self._caller).ljust(length, SILENCE), bytes(self._agent).ljust(length, SILENCE)

    def _put(self, track: bytearray, at: float, mulaw: bytes) -> None:
        begin = max(0, round((at - self._began_at) * PER_S))
        track.extend(SILENCE * (begin - len(track)))
        track[begin : begin + len(mulaw)] = mulaw
