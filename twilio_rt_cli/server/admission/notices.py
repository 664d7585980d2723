"""Facts for people about the server as a whole; what happens inside a call is in `call.notices`."""

from enum import StrEnum

from msgspec import Struct

from twilio_rt_cli.call.figures.status import RunningCall
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid


class Refusal(StrEnum):
    """Why a call, or what claimed to be one, was not taken."""

    BUSY = "busy"
    DRAINING = "draining"
    BAD_SIGNATURE = "bad_signature"
    BAD_TOKEN = "bad_token"  # unknown, used or expired
    BAD_HANDSHAKE = "bad_handshake"
    TOO_OFTEN = "too_often"  # a stranger of many: only counted, never published
    ORIGIN = "origin"
    HOST = "host"
    ACCOUNT = "account"
    NO_START = "no_start"
    WRONG_START = "wrong_start"
    MEDIA_FORMAT = "media_format"
    CALLER_BLOCKED = "caller_blocked"
    CALLER_NOT_ALLOWED = "caller_not_allowed"
    CALLER_CALLS = "caller_calls"
    CALLER_MINUTES = "caller_minutes"
    DAY_CALLS = "day_calls"
    DAY_MINUTES = "day_minutes"
    DAY_COST = "day_cost"


class CallStarted(Struct, frozen=True):
    """A call's stream began, and the agent is being fetched."""

    call_sid: CallSid
    stream_sid: StreamSid
    from_number: str
    to_number: str
    call: RunningCall | None = None
    """the call itself, to look at while it runs"""


class CallRefused(Struct, frozen=True):
    """A call was turned away, or somebody who is not Twilio was."""

    reason: Refusal
    call_sid: CallSid | None = None
    detail: str = ""
    from_number: str = ""
    """empty: nobody knows"""


class StreamFailed(Struct, frozen=True):
    """Twilio could not open or keep a stream to us; only its status callback reports it."""

    call_sid: CallSid
    stream_sid: StreamSid
    error: str
    """Twilio's StreamError text"""


class Draining(Struct, frozen=True):
    """The server is stopping: no new calls, the current ones may end."""

    calls: int
    """calls in progress"""
    drain_s: float
    """how long they may take"""


ServerNotice = CallStarted | CallRefused | StreamFailed | Draining
