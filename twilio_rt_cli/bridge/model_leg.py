"""The model's side of a call: a leg that speaks the model's dialect."""

from binascii import b2a_base64

from picows import WSMsgType

from twilio_rt_cli.bridge.dialect import Dialect
from twilio_rt_cli.bridge.leg import NO_PINGS, SEND_BUFFER_BYTES, KeepAlive, Leg, Owner
from twilio_rt_cli.protocol.realtime_client import ClientEvent

_TEXT = WSMsgType.TEXT


class ModelLeg(Leg):
    """One WebSocket to a model. What it says is told as it came: the owner decodes it."""

    __slots__ = ("_audio_prefix", "_audio_suffix", "_encode")

    def __init__(
        self,
        owner: Owner,
        dialect: Dialect,
        max_message_bytes: int,
        send_buffer_bytes: int = SEND_BUFFER_BYTES,
        keep_alive: KeepAlive = NO_PINGS,
    ) -> None:
        super().__init__(owner, max_message_bytes, send_buffer_bytes, keep_alive)
        self._encode = dialect.encode
        self._audio_prefix, self._audio_suffix = dialect.audio_prefix, dialect.audio_suffix

    def send_audio(self, audio: bytes) -> None:
        """Write caller audio, fifty times a second; silently nothing once the socket is closing."""
        transport = self._transport
        if transport is not None and self._closed is None:
            transport.send(_TEXT, self._audio_prefix + b2a_base64(audio, newline=False) + self._audio_suffix)

    def send_order(self, order: ClientEvent) -> None:
        """Write an order."""
        self.send(self._encode(order))
