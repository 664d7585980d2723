"""What a Call orders. The Bridge performs each at once, in order, before the socket callback returns.

Orders to the model are the wire's own client events (`protocol.realtime`); the others are here.
"""

from typing import final

from msgspec import Struct

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.protocol.realtime import ToolCallId
from twilio_rt_cli.protocol.realtime_client import AppendAudio, ClientEvent


@final
class SendMedia(Struct, gc=False, frozen=True):
    """Queue agent audio at Twilio: µ-law."""

    payload: bytes


@final
class SendMark(Struct, gc=False, frozen=True):
    """Ask Twilio to echo this name when playout reaches it."""

    name: str


class ClearPlayout(Struct, frozen=True):
    """Empty Twilio's playout buffer."""


class DialModel(Struct, frozen=True):
    """Open the model's socket; what comes of it returns as `ModelOpened` or `ModelFailed`."""

    endpoint_index: int
    """which of the endpoints that the call was given"""


class RunTool(Struct, frozen=True):
    """Run a tool off the media path; its result returns as `ToolFinished`."""

    tool_call_id: ToolCallId
    name: str
    arguments: str
    """JSON object as text, as the model wrote it"""


class HangUp(Struct, frozen=True):
    """Close both sockets; what the caller hears next is decided by the reason at `/stream-ended`."""

    reason: EndReason
    close_code: int = 1000
    """Towards Twilio; anything but 1000 shows up as error 31921 in its debugger"""


PhoneCommand = SendMedia | SendMark | ClearPlayout
Command = PhoneCommand | AppendAudio | ClientEvent | DialModel | RunTool | HangUp | Notice
