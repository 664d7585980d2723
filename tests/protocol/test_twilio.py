"""Media Streams frames: captured ones decode, ours are what Twilio accepts, and nothing that comes in raises."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import (
    AccountSid,
    CallSid,
    Clear,
    Connected,
    Dtmf,
    DtmfDetails,
    FromTwilio,
    Mark,
    MarkDetails,
    Media,
    MediaDetails,
    OutMark,
    OutMedia,
    SendMark,
    SendMedia,
    Start,
    StartDetails,
    Stop,
    StopDetails,
    StreamSid,
)
from twilio_rt_cli.protocol.wire import Malformed, Unknown

WIRE = Path(__file__).parent.parent / "wire" / "twilio"
SID = StreamSid("MZ00000000000000000000000000000001")
CALL, ACCOUNT = CallSid("CA00000000000000000000000000000001"), AccountSid("AC00000000000000000000000000000001")
AUDIO = bytes.fromhex("7f7f7f7fff7fff7f7f7fff")
MEDIA = Media(MediaDetails(AUDIO, 5, 1), SID, 3)

CAPTURED = {
    "connected": Connected(),
    "start": Start(SID, StartDetails(CALL, ACCOUNT, SID, custom_parameters={"FirstName": "Jane"}), 1),
    "start_without_parameters": Start(SID, StartDetails(CALL, ACCOUNT, SID), 1),
    "media": MEDIA,
    "media_numbers": MEDIA,
    "dtmf": Dtmf(DtmfDetails("1"), SID, 5),
    "mark": Mark(MarkDetails("0:1600"), SID, 4),
    "stop": Stop(StopDetails(CALL, ACCOUNT), SID, 5),
}


def test_every_kind_of_frame_was_captured() -> None:
    looked_at = {type(event) for event in CAPTURED.values()}
    assert {*get_args(FromTwilio)} == looked_at, "put a captured frame into tests/wire/twilio/"


def test_every_captured_frame_is_looked_at() -> None:
    assert {path.stem for path in WIRE.glob("*.json")} == set(CAPTURED), "say in CAPTURED what it decodes to"


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_frame_decodes(name: str) -> None:
    assert twilio.decode((WIRE / f"{name}.json").read_bytes()) == CAPTURED[name]


@pytest.mark.parametrize("parameters", [b"null", b'{"a":1,"b":null}', b"{}"])
def test_custom_parameters_of_any_kind_do_no_harm(parameters: bytes) -> None:
    raw = (WIRE / "start.json").read_bytes().replace(b'{"FirstName":"Jane"}', parameters)
    assert parameters in raw
    assert isinstance(twilio.decode(raw), Start)


def test_what_the_simulated_phone_writes_is_what_twilio_writes() -> None:
    def captured(name: str) -> object:
        return json.loads((WIRE / f"{name}.json").read_bytes())

    details = StartDetails(CALL, ACCOUNT, SID, custom_parameters={"FirstName": "Jane"})
    assert json.loads(twilio.connected_text()) == captured("connected")
    assert json.loads(twilio.start_text(details, 1)) == captured("start")
    assert json.loads(twilio.media_text(SID, 3, 1, 5, AUDIO)) == captured("media")
    assert json.loads(twilio.dtmf_text(SID, 5, "1")) == captured("dtmf")
    assert json.loads(twilio.mark_echo_text(SID, 4, "0:1600")) == captured("mark")
    assert json.loads(twilio.stop_text(SID, 5, StopDetails(CALL, ACCOUNT))) == captured("stop")


def test_what_we_send_has_no_key_too_many() -> None:
    media = twilio.media_prefix(SID) + b"AAAA" + twilio.MEDIA_SUFFIX
    assert json.loads(media) == {"event": "media", "streamSid": SID, "media": {"payload": "AAAA"}}
    assert twilio.decode_outgoing(media) == SendMedia(SID, OutMedia(bytes(3)))
    assert twilio.decode_outgoing(twilio.mark_prefix(SID) + b"m" + twilio.MARK_SUFFIX) == SendMark(SID, OutMark("m"))
    assert twilio.decode_outgoing(twilio.clear_text(SID)) == Clear(SID)


@pytest.mark.parametrize(
    "frame",
    [
        {"event": "clear", "streamSid": SID, "extra": 1},
        {"event": "mark", "streamSid": SID, "mark": {"name": "m", "extra": 1}},
        {"event": "media", "streamSid": SID, "media": {"payload": "A"}},
        {"event": "media", "streamSid": SID},
        {"event": "hello", "streamSid": SID},
        {"event": "clear"},
    ],
)
def test_what_twilio_would_warn_of_is_malformed(frame: object) -> None:
    assert isinstance(twilio.decode_outgoing(json.dumps(frame).encode()), Malformed)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"media"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"event":"media"}',
        b'{"event":"media","media":{"payload":7}}',
        b'{"event":"media","media":{"payload":"AAA"}}',
        b'{"event":"media","media":{"payload":"A A="}}',
        b'{"event":"media","media":{"payload":"AAAA","chunk":"x"}}',
        b'{"event":"media","media":{"payload":"AAAA","timestamp":NaN}}',
        b'{"event":"media","media":{"payload":"AAAA","timestamp":' + b"9" * 400 + b"}}",
        b'{"event":"media","media":{"payload":"AAAA","timestamp":"' + b"9" * 400 + b'"}}',
        b'{"event":"media","media":{"payload":"AAAA"},"sequenceNumber":"9007199254740993"}',
        b'{"event":"media","media":{"payload":"AAAA","chunk":' + b"9" * 5000 + b"}}",
        b'{"event":"mark","mark":{"name":"\\ud800"}}',
        b'{"event":"start","streamSid":"MZ"}',
    ],
)
def test_what_cannot_be_read_is_malformed(raw: bytes) -> None:
    assert isinstance(twilio.decode(raw), Malformed)


def test_a_kind_we_do_not_use_is_unknown_by_name() -> None:
    assert twilio.decode(b'{"event":"new-thing","x":1}') == Unknown("new-thing")


@given(
    st.binary() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(repr).map(str.encode)
)
def test_no_input_raises(raw: bytes) -> None:
    assert not isinstance(twilio.decode(raw), Media)


@given(st.binary(max_size=400))
def test_any_payload_goes_through_both_ways(audio: bytes) -> None:
    event = twilio.decode(twilio.media_text(SID, 1, 1, 0, audio))
    assert isinstance(event, Media)
    assert event.media.payload == audio
