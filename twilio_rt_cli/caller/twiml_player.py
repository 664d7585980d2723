"""Executes TwiML as Twilio does: verb after verb, into a stream and out of it again.

`<Connect><Stream>` holds the call until the stream is over. When the server ended it, its `action` is requested if it
has one, and the verbs after it never run; without one they run. When the caller hung up, nothing more runs. A
document that comes to its end hangs up. Source: Twilio, "TwiML for Programmable Voice", `<Connect>`, `<Stream>`,
`<Redirect>`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from twilio_rt_cli.caller.route import resolve
from twilio_rt_cli.caller.stream import EndedBy, StreamEnd
from twilio_rt_cli.caller.webhook import Document, Webhook, WebhookFailed
from twilio_rt_cli.protocol import twiml

_MOST_DOCUMENTS = 10  # Twilio too ends a call that is only ever redirected


@dataclass(frozen=True, slots=True)
class CallActions:
    """What the player needs of the call around it."""

    stream: Callable[[twiml.Stream], Awaitable[StreamEnd]]
    """holds a media stream until it is over"""
    say: Callable[[str], Awaitable[None]]
    """speaks a text to the caller, and takes as long as that takes"""
    wait: Callable[[float], Awaitable[None]]
    """seconds of silence"""
    executed: Callable[[str], None]
    """called with every verb other than a stream, in words"""
    failed: Callable[[str], None]
    """called with what Twilio's debugger would show"""


class TwimlPlayer:
    """Plays one call's documents. Nothing is raised for bad TwiML; unreachable servers and refused signatures are."""

    def __init__(self, webhook: Webhook, actions: CallActions) -> None:
        self._webhook = webhook
        self._actions = actions
        self._streamed = False

    @property
    def streamed(self) -> bool:
        """Whether any document asked for a media stream."""
        return self._streamed

    async def play(self, document: Document) -> str:
        """Plays a document and those it leads to; answers how the call ended."""
        following: Document | str = document
        for _ in range(_MOST_DOCUMENTS):
            if isinstance(following, str):
                return following
            try:
                following = await self._document(following)
            except WebhookFailed as error:
                self._actions.failed(str(error))
                return "the TwiML failed"
        self._actions.failed(f"more than {_MOST_DOCUMENTS} documents lead from one to the next")
        return "too many redirects"

    async def _document(self, document: Document) -> Document | str:
        """The document that follows this one, or how the call ended with it."""
        for verb in document.verbs:
            following = await self._verb(verb, document)
            if following is not None:
                return following
        return "the TwiML ended"

    async def _verb(self, verb: twiml.Verb, document: Document) -> Document | str | None:
        actions = self._actions
        match verb:
            case twiml.Connect():
                return await self._connect(verb, document)
            case twiml.Say():
                actions.executed(f"says “{verb.text}”")
                await actions.say(verb.text)
            case twiml.Play():
                await self._play(verb, document)
            case twiml.Pause():
                actions.executed(f"pauses {verb.length_s} s")
                await actions.wait(verb.length_s)
            case twiml.Redirect():
                actions.executed(f"redirects to {verb.url or 'the same document'}")
                return await self._fetch(resolve(document.url, verb.url), verb.method)
            case twiml.Dial():
                return await self._dial(verb, document)
            case twiml.Hangup():
                return "the bridge hung up"
            case twiml.Reject():
                actions.failed(f"the call was rejected as {verb.reason}")
                return f"rejected as {verb.reason}"
            case twiml.UnknownVerb():
                actions.failed(f"<{verb.name}> is not a verb of this phone (Twilio 12200)")
            case _:
                assert_never(verb)
        return None

    async def _connect(self, connect: twiml.Connect, document: Document) -> Document | str | None:
        if connect.stream is None:
            self._actions.failed("<Connect> without a <Stream> is nothing that this phone executes")
            return None
        self._streamed = True
        end = await self._actions.stream(connect.stream)
        if end.by is EndedBy.CALLER:
            return "the caller hung up"
        if connect.action is None:
            return None
        return await self._fetch(resolve(document.url, connect.action), connect.method)

    async def _dial(self, dial: twiml.Dial, document: Document) -> Document | None:
        """Nobody is called: the other side hangs up at once."""
        self._actions.executed(f"would dial {', '.join(dial.targets) or 'nobody'}")
        if dial.action is None:
            return None
        extra = (("DialCallStatus", "completed"), ("DialCallDuration", "0"))
        return await self._webhook.fetch(
            resolve(document.url, dial.action), status="in-progress", method=dial.method, extra=extra
        )

    async def _play(self, play: twiml.Play, document: Document) -> None:
        if play.digits is not None:
            self._actions.executed(f"plays the keys {play.digits}")
            return
        self._actions.executed(f"plays {play.url}")
        wrong = await self._webhook.exists(resolve(document.url, play.url))
        if wrong is not None:
            self._actions.failed(wrong)

    async def _fetch(self, url: str, method: str) -> Document:
        return await self._webhook.fetch(url, status="in-progress", method=method)


async def capped_sleep(seconds: float, most_s: float, hang_up: asyncio.Event) -> None:
    """Time that passes on a call without a stream: at most `most_s`, and no longer than the caller stays."""
    try:
        async with asyncio.timeout(min(seconds, most_s)):
            await hang_up.wait()
    except TimeoutError:
        return
