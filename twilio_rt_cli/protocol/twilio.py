"""Twilio Media Streams: the text frames of a bidirectional stream, both ways.

Twilio speaks `Connected`, `Start`, `Media`, `Dtmf`, `Mark`, `Stop`; we speak `SendMedia`, `SendMark`, `Clear` and
nothing else: an extra key, a binary frame or another streamSid is a breach (warning 31951). Twilio writes some
numbers as strings ("sequenceNumber":"3"); both forms are read, any key order and any extra field too. Source: Twilio
Media Streams, "WebSocket messages".
"""

from binascii import b2a_base64
from typing import Any, NewType, final

import msgspec
from msgspec import Struct, field

from twilio_rt_cli.protocol.wire import Integer, Malformed, Unknown

CallSid = NewType("CallSid", str)
StreamSid = NewType("StreamSid", str)
AccountSid = NewType("AccountSid", str)

PROBE_CALL_SID = CallSid("CA" + "0" * 32)
"""a call that nobody makes: we ask ourselves by it if we can be reached"""


class Connected(Struct, tag_field="event", tag="connected", frozen=True):
    """First frame on a socket; has no streamSid and no sequenceNumber."""

    protocol: str = "Call"
    version: str = "1.0.0"


class MediaFormat(Struct, rename="camel", frozen=True):
    """Encoding of the audio both ways; Twilio always says µ-law, 8 kHz, mono."""

    encoding: str = "audio/x-mulaw"
    sample_rate: int = 8000
    channels: int = 1


class StartDetails(Struct, rename="camel", frozen=True):
    """What the stream belongs to."""

    call_sid: CallSid
    account_sid: AccountSid
    stream_sid: StreamSid = StreamSid("")
    tracks: tuple[str, ...] = ("inbound",)
    media_format: MediaFormat = MediaFormat()
    custom_parameters: dict[str, Any] | None = field(default_factory=dict)
    """what `<Parameter>`s said; nothing here needs them"""


class Start(Struct, tag_field="event", tag="start", rename="camel", frozen=True):
    """Second frame: names the stream and the call; once per socket."""

    stream_sid: StreamSid
    start: StartDetails
    sequence_number: Integer = 0


class MediaDetails(Struct, gc=False, frozen=True):
    """One stretch of caller audio: µ-law, base64 on the wire, usually 160 bytes (20 ms)."""

    payload: bytes
    timestamp: Integer = 0
    """ms since the stream began"""
    chunk: Integer = 0
    track: str = "inbound"


@final
class Media(Struct, tag_field="event", tag="media", rename="camel", gc=False, frozen=True):
    """Caller audio."""

    media: MediaDetails
    stream_sid: StreamSid = StreamSid("")
    sequence_number: Integer = 0


class DtmfDetails(Struct, frozen=True):
    """The key that was pressed."""

    digit: str
    track: str = "inbound_track"


class Dtmf(Struct, tag_field="event", tag="dtmf", rename="camel", frozen=True):
    """The caller pressed a key."""

    dtmf: DtmfDetails
    stream_sid: StreamSid = StreamSid("")
    sequence_number: Integer = 0


class MarkDetails(Struct, gc=False, frozen=True):
    """The label we gave the mark."""

    name: str


@final
class Mark(Struct, tag_field="event", tag="mark", rename="camel", gc=False, frozen=True):
    """Echo of one of our marks: playout reached it, or a clear flushed it."""

    mark: MarkDetails
    stream_sid: StreamSid = StreamSid("")
    sequence_number: Integer = 0


class StopDetails(Struct, rename="camel", frozen=True):
    """The call that ended."""

    call_sid: CallSid = CallSid("")
    account_sid: AccountSid = AccountSid("")


class Stop(Struct, tag_field="event", tag="stop", rename="camel", frozen=True):
    """The stream ended; Twilio closes the socket next. Absent after a network loss."""

    stop: StopDetails = StopDetails()
    stream_sid: StreamSid = StreamSid("")
    sequence_number: Integer = 0


FromTwilio = Media | Mark | Start | Dtmf | Stop | Connected


class OutMedia(Struct, forbid_unknown_fields=True, frozen=True):
    """Payload of agent audio, base64 on the wire."""

    payload: bytes


class OutMark(Struct, forbid_unknown_fields=True, frozen=True):
    """Label of a mark."""

    name: str


class SendMedia(Struct, tag_field="event", tag="media", rename="camel", forbid_unknown_fields=True, frozen=True):
    """Agent audio for the playout buffer: µ-law of any length, no header."""

    stream_sid: StreamSid
    media: OutMedia


class SendMark(Struct, tag_field="event", tag="mark", rename="camel", forbid_unknown_fields=True, frozen=True):
    """A label that is echoed when playout reaches it, or at once when nothing is queued."""

    stream_sid: StreamSid
    mark: OutMark


class Clear(Struct, tag_field="event", tag="clear", rename="camel", forbid_unknown_fields=True, frozen=True):
    """Empty the playout buffer now; all outstanding marks are echoed."""

    stream_sid: StreamSid


ToTwilio = SendMedia | SendMark | Clear

_from_twilio: msgspec.json.Decoder[FromTwilio] = msgspec.json.Decoder(FromTwilio, strict=False)
_to_twilio: msgspec.json.Decoder[ToTwilio] = msgspec.json.Decoder(ToTwilio)
_KNOWN = frozenset(str(struct.__struct_config__.tag) for struct in FromTwilio.__args__)


class _Kind(Struct):
    event: str


_kind = msgspec.json.Decoder(_Kind)


def decode(raw: bytes) -> FromTwilio | Unknown | Malformed:
    """The event in one text frame from Twilio; never raises.

    `Unknown` for a kind we do not use, `Malformed` for what cannot be read.
    """
    try:
        return _from_twilio.decode(raw)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        return _not_an_event(raw, error)


def _not_an_event(raw: bytes, error: Exception) -> Unknown | Malformed:
    try:
        kind = _kind.decode(raw).event
    except (ValueError, RecursionError):
        return Malformed(str(error)[:200])
    return Malformed(f"{kind}: {error}"[:200]) if kind in _KNOWN else Unknown(kind[:64])


def decode_outgoing(raw: bytes) -> ToTwilio | Malformed:
    """What a server sent to Twilio, read as strictly as Twilio does (31951: missing or extra field, unknown event)."""
    try:
        return _to_twilio.decode(raw)
    except (ValueError, RecursionError) as error:
        return Malformed(str(error)[:200])


# Frames we send. A stream's fixed part is made once: `media_prefix(sid) + base64 + MEDIA_SUFFIX` is a whole frame, and
# so is `mark_prefix(sid) + name + MARK_SUFFIX` for a name that needs no escape.

MEDIA_SUFFIX = b'"}}'
MARK_SUFFIX = b'"}}'


def media_prefix(stream_sid: StreamSid) -> bytes:
    """Everything of a media frame before its base64 payload."""
    return b'{"event":"media","streamSid":%s,"media":{"payload":"' % msgspec.json.encode(stream_sid)


def mark_prefix(stream_sid: StreamSid) -> bytes:
    """Everything of a mark frame before its name."""
    return b'{"event":"mark","streamSid":%s,"mark":{"name":"' % msgspec.json.encode(stream_sid)


def clear_text(stream_sid: StreamSid) -> bytes:
    """A clear frame."""
    return msgspec.json.encode(Clear(stream_sid))


class StreamTexts(Struct, frozen=True):
    """What is the same in all frames that we send on one stream."""

    media_prefix: bytes
    mark_prefix: bytes
    clear: bytes


def stream_texts(stream_sid: StreamSid) -> StreamTexts:
    """Those of this stream."""
    return StreamTexts(media_prefix(stream_sid), mark_prefix(stream_sid), clear_text(stream_sid))


# Frames Twilio sends, for the simulated phone: numbers as strings where Twilio writes strings.


def connected_text() -> bytes:
    """The first frame of a socket."""
    return b'{"event":"connected","protocol":"Call","version":"1.0.0"}'


def start_text(details: StartDetails, sequence_number: int) -> bytes:
    """The frame that names stream, account and call; `mediaFormat` holds real numbers."""
    return msgspec.json.encode(
        {
            "event": "start",
            "sequenceNumber": str(sequence_number),
            "start": details,
            "streamSid": details.stream_sid,
        }
    )


def media_text(stream_sid: StreamSid, sequence_number: int, chunk: int, timestamp_ms: int, audio: bytes) -> bytes:
    """A frame of caller audio; `chunk` counts media frames from 1, `timestamp_ms` runs from the stream's beginning."""
    payload = b2a_base64(audio, newline=False).decode()
    return (
        f'{{"event":"media","sequenceNumber":"{sequence_number}","media":{{"track":"inbound","chunk":"{chunk}",'
        f'"timestamp":"{timestamp_ms}","payload":"{payload}"}},"streamSid":"{stream_sid}"}}'
    ).encode()


def dtmf_text(stream_sid: StreamSid, sequence_number: int, digit: str) -> bytes:
    """A key press."""
    return msgspec.json.encode(
        {
            "event": "dtmf",
            "streamSid": stream_sid,
            "sequenceNumber": str(sequence_number),
            "dtmf": {"track": "inbound_track", "digit": digit},
        }
    )


def mark_echo_text(stream_sid: StreamSid, sequence_number: int, name: str) -> bytes:
    """The echo of a mark."""
    return msgspec.json.encode(
        {"event": "mark", "streamSid": stream_sid, "sequenceNumber": str(sequence_number), "mark": {"name": name}}
    )


def stop_text(stream_sid: StreamSid, sequence_number: int, details: StopDetails) -> bytes:
    """The last frame of a stream that ended in order."""
    return msgspec.json.encode(
        {"event": "stop", "streamSid": stream_sid, "sequenceNumber": str(sequence_number), "stop": details}
    )
