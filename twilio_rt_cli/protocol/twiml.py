"""TwiML, the XML that tells Twilio what to do with a call: what our server answers, and what a phone reads.

Builders return a whole document, to be sent as `text/xml`. `parse` reads any document into verbs, in order, for the
simulated phone that executes them. Verbs and attributes as in Twilio's "TwiML for Programmable Voice" reference.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from twilio_rt_cli.errors import LocalProtocolError

CONTENT_TYPE = "text/xml"

_STREAM_URL = re.compile(r"wss?://[^/?#\s]+(/[^?#\s]*)?")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


class TwimlError(ValueError):
    """A document that Twilio would refuse to execute: its error 12100, in one sentence."""


@dataclass(frozen=True, slots=True)
class Stream:
    """`<Stream>` inside `<Connect>`: the WebSocket to dial, both directions."""

    url: str
    track: str = "inbound_track"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    parameters: tuple[tuple[str, str], ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Connect:
    """Hands the call over. With an `action`, later verbs never run. `stream` is None for any noun but a Stream."""

    stream: Stream | None
    action: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Say:
    """Speaks a text. `loop` 0 means until the caller hangs up."""

    text: str
    loop: int = 1


@dataclass(frozen=True, slots=True)
class Play:
    """Plays a recording, or DTMF `digits`. `loop` 0 means until the caller hangs up."""

    url: str
    loop: int = 1
    digits: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Waits in silence."""

    length_s: int = 1


@dataclass(frozen=True, slots=True)
class Redirect:
    """Goes on with the TwiML at another URL; verbs after it never run."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Dial:
    """Puts the call through. `targets` are numbers, SIP addresses, clients or rooms, as written."""

    targets: tuple[str, ...]
    action: str | None = None
    method: str = "POST"
    timeout_s: int = 30


@dataclass(frozen=True, slots=True)
class Hangup:
    """Ends the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuses a call that was not yet answered: "rejected" or "busy"."""

    reason: str = "rejected"


@dataclass(frozen=True, slots=True)
class UnknownVerb:
    """A verb that this phone does not execute."""

    name: str


Verb: TypeAlias = Connect | Say | Play | Pause | Redirect | Dial | Hangup | Reject | UnknownVerb


def connect_stream(stream_url: str, status_callback: str, tail_redirect: str) -> str:
    """Connects the call to our media socket, and asks `tail_redirect` what next once the socket is closed.

    There is no `action`: with one, the verbs after `<Connect>` never run, and a caller whose stream broke would hear
    nothing (Twilio docs, TwiML `<Connect>`). Raises LocalProtocolError unless `stream_url` is a whole ws or wss URL
    without query and fragment, which Twilio cuts off before it dials (error 31920).
    """
    if not _STREAM_URL.fullmatch(stream_url):
        raise LocalProtocolError("a stream's URL is wss://host/path, without query or fragment")
    response = ET.Element("Response")
    attributes = {"url": stream_url, "statusCallback": status_callback, "statusCallbackMethod": "POST"}
    ET.SubElement(ET.SubElement(response, "Connect"), "Stream", attributes)
    ET.SubElement(response, "Redirect", {"method": "POST"}).text = tail_redirect
    return _document(response)


def say_and_hangup(message: str) -> str:
    """Speaks a message and ends the call; a blank message is left out."""
    response = ET.Element("Response")
    if message.strip():
        ET.SubElement(response, "Say").text = _NOT_XML.sub("", message)
    ET.SubElement(response, "Hangup")
    return _document(response)


def hangup() -> str:
    """Ends the call."""
    return say_and_hangup("")


def busy(message: str) -> str:
    """Tells a caller that there is no place left. Said, not `<Reject>`: a busy tone would not carry the message."""
    return say_and_hangup(message)


def parse(xml: str) -> tuple[Verb, ...]:
    """The verbs of a document, in order. Unknown verbs and attributes are kept or left out, never an error.

    Raises TwimlError for what is not well-formed, has another root than `<Response>`, or brings its own entities.
    """
    if "<!DOCTYPE" in xml:
        raise TwimlError("TwiML with a DOCTYPE is refused (Twilio 12100)")
    try:
        root = ET.fromstring(xml)
    except (ET.ParseError, UnicodeEncodeError) as error:
        raise TwimlError(f"the answer is not well-formed XML: {error} (Twilio 12100)") from error
    if root.tag != "Response":
        raise TwimlError(f"the document's root is <{root.tag}>, not <Response> (Twilio 12100)")
    return tuple(_verb(element) for element in root)


def _document(response: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response, encoding="unicode")


def _verb(element: ET.Element) -> Verb:
    match element.tag:
        case "Connect":
            return Connect(_stream(element.find("Stream")), element.get("action"), _method(element, "method"))
        case "Say":
            return Say(_text(element), _number(element, "loop", 1))
        case "Play":
            return Play(_text(element), _number(element, "loop", 1), element.get("digits"))
        case "Pause":
            return Pause(_number(element, "length", 1))
        case "Redirect":
            return Redirect(_text(element), _method(element, "method"))
        case "Dial":
            return _dial(element)
        case "Hangup":
            return Hangup()
        case "Reject":
            return Reject(element.get("reason", "rejected"))
        case name:
            return UnknownVerb(name)


def _stream(element: ET.Element | None) -> Stream | None:
    if element is None:
        return None
    return Stream(
        url=element.get("url", "").strip(),
        track=element.get("track", "inbound_track"),
        status_callback=element.get("statusCallback"),
        status_callback_method=_method(element, "statusCallbackMethod"),
        parameters=tuple((one.get("name", ""), one.get("value", "")) for one in element.findall("Parameter")),
        name=element.get("name"),
    )


def _dial(element: ET.Element) -> Dial:
    written = [_words([element.text or ""]), *(_text(noun) for noun in element)]
    targets = tuple(target for target in written if target)
    return Dial(targets, element.get("action"), _method(element, "method"), _number(element, "timeout", 30))


def _text(element: ET.Element) -> str:
    """All text inside, SSML tags or not, with the white space of the layout folded."""
    return _words(element.itertext())


def _words(pieces: Iterable[str]) -> str:
    return " ".join("".join(pieces).split())


def _method(element: ET.Element, name: str) -> str:
    return "GET" if element.get(name, "").strip().upper() == "GET" else "POST"


def _number(element: ET.Element, name: str, default: int) -> int:
    """A whole number from 0 up, else the default: Twilio warns of a bad attribute and goes on (its error 12200)."""
    text = element.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else default
