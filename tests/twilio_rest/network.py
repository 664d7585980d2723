"""The telephone network behind the API: numbers ring, callees answer, and webhooks and callbacks are asked, signed.

The phones are those of `twilio_rt_cli.caller`; what they do is a script.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.twilio_rest.account import Account, Call, Number, rfc2822
from tests.twilio_rest.refusals import Refused
from tests.twilio_rest.web import Request
from twilio_rt_cli.caller.behaviour import Patience
from twilio_rt_cli.caller.client import SimulatedCall, place_call
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.caller.route import Route, Signer
from twilio_rt_cli.caller.script import HangUp, Pause, Script, WaitGreeting
from twilio_rt_cli.caller.webhook import Caller, Webhook
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.protocol.twilio import CallSid

POLITE: Script = (WaitGreeting(limit_s=5, required=False), Pause(100), HangUp())
"""listens to the greeting, and hangs up"""


@dataclass
class Callee:
    """Who is called."""

    script: Script = POLITE
    answers: bool = True
    how_not: str = "no-answer"
    """the status of a call that nobody answers: no-answer, busy or failed"""


@dataclass
class Live:
    """A call in progress."""

    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on_with: str | None = None
    """TwiML or a URL that it was redirected to"""


class NotRung(Exception):  # noqa: N818  # a fact
    """Why a number's webhook was not asked."""


class Network:
    """Lets calls happen, on the loop that it is used on. What goes wrong at webhooks and callbacks is in `troubles`."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.callee = Callee()
        self.caller: Script = POLITE
        self.patience = Patience()
        self.ways: dict[str, str] = {}
        """public origins that lead to local ones, as a DNS of this network's own"""
        self.reports: dict[str, CallReport] = {}
        """what the simulated phones made of each call, by Call SID"""
        self.troubles: list[str] = []
        self.fallbacks: list[str] = []
        """fallback URLs that Twilio would have asked"""
        self._live: dict[str, Live] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Everybody hangs up."""
        for live in self._live.values():
            live.hang_up.set()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # Inbound

    async def ring(self, phone_number: str, caller: str = "+14155550142", script: Script | None = None) -> CallReport:
        """Somebody dials a number of the account, and holds the call to its end. Raises NotRung."""
        number = self.account.number(phone_number)
        self._check(number)
        call = Call(phone_number, caller, "inbound", status="ringing")
        self.account.calls[call.sid] = call
        report = await self._talk(call, number.voice_url or "", script or self.caller)
        if report.webhook_ms is None and number.voice_fallback_url:
            self.fallbacks.append(number.voice_fallback_url)
        if number.status_callback:
            await self._tell(call, number.status_callback, 0)
        return report

    # Outbound

    def place(self, call: Call) -> None:
        """A call that the API was asked for begins."""
        task = asyncio.get_running_loop().create_task(self._outbound(call))
        self._tasks[call.sid] = task
        task.add_done_callback(self._done)

    async def ended(self, call_sid: str) -> None:
        """Waits for the end of a call that was placed, callbacks included."""
        await asyncio.shield(self._tasks[call_sid])

    def change(self, call: Call, request: Request) -> None:
        """Status, Twiml and Url of a call's update. Raises Refused."""
        status, live = request.field("Status"), self._live.get(call.sid)
        if call.over or (live is None and status not in {"completed", "canceled"}):
            raise Refused(21220)
        if status is None and live is not None:
            live.goes_on_with = request.field("Twiml") or request.field("Url")
        if live is not None:
            live.hang_up.set()
        else:
            call.status = "canceled"

    async def _outbound(self, call: Call) -> None:
        reachable = self._leads_here(call.asked["Url"][-1])
        if not reachable:
            self.troubles.append(f"{call.asked['Url'][-1]} leads to another machine")
        steps = [("initiated", "initiated"), ("ringing", "ringing")]
        for number, (event, status) in enumerate(steps):
            if call.over:
                break
            call.status = status
            await self._progress(call, event, number)
        if not call.over and self.callee.answers and reachable:
            call.status = "in-progress"
            self._live[call.sid] = Live()
            await self._progress(call, "answered", 2)
            limit = call.asked.get("TimeLimit")
            await self._talk(call, call.asked["Url"][-1], self.callee.script, float(limit[-1]) if limit else None)
        elif not call.over:
            call.status = "failed" if self.callee.answers else self.callee.how_not
        await self._progress(call, "completed", 3)

    async def _progress(self, call: Call, event: str, number: int) -> None:
        url = (call.asked.get("StatusCallback") or [""])[-1]
        if url and event in call.asked.get("StatusCallbackEvent", ["completed"]):
            await self._tell(call, url, number)

    # Both

    async def _talk(self, call: Call, url: str, script: Script, limit_s: float | None = None) -> CallReport:
        live = self._live.setdefault(call.sid, Live())
        call.status, call.began_at = "in-progress", datetime.now(UTC)
        target, named = self._way(url)
        plan = SimulatedCall(
            target,
            script,
            Signer(self.account.auth_token),
            sign_as=named,
            call_sid=CallSid(call.sid),
            account_sid=self.account.sid,
            from_number=call.from_number,
            to_number=call.to,
            direction=call.direction,
            duration_s=limit_s,
            patience=self.patience,
            longest_verb_s=0.2,
        )
        report = await place_call(plan, hang_up=live.hang_up)
        if live.goes_on_with is not None:
            await self._go_on(plan, report, live.goes_on_with)
        self.reports[call.sid] = report
        self.troubles += report.failures
        del self._live[call.sid]
        call.status, call.ended_at = "completed", datetime.now(UTC)
        call.duration_s = round((call.ended_at - call.began_at).total_seconds())
        return report

    async def _go_on(self, plan: SimulatedCall, report: CallReport, following: str) -> None:
        """A redirected call plays what it was redirected to; the redirect itself was no fault of anybody's."""
        report.failures.clear()
        if following.startswith("<"):
            report.executed += [type(verb).__name__ for verb in twiml.parse(following)]
            return
        target, named = self._way(following)
        again = await place_call(replace(plan, target=target, sign_as=named), hang_up=asyncio.Event())
        report.executed += again.executed
        report.failures += again.failures

    async def _tell(self, call: Call, url: str, number: int) -> None:
        if not self._leads_here(url):
            self.troubles.append(f"{url} leads to another machine")
            return
        target, named = self._way(url)
        caller = Caller(call.sid, self.account.sid, call.from_number, call.to, call.direction)
        over = (("CallDuration", str(call.duration_s or 0)), ("Duration", "1")) if call.over else ()
        params = (
            *caller.params(call.status),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(number)),
            ("Timestamp", rfc2822()),
            *over,
        )
        async with Webhook(Route.to(target, named), Signer(self.account.auth_token), caller) as webhook:
            wrong = await webhook.report(url, "POST", params)
        if wrong is not None:
            self.troubles.append(wrong)

    def _way(self, url: str) -> tuple[str, str | None]:
        """Where to connect for a URL, and the origin to name when that is another."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        local = self.ways.get(origin)
        return (url, None) if local is None else (local + url.removeprefix(origin), origin)

    def _leads_here(self, url: str) -> bool:
        """Whether a URL stays on this machine, as everything does here."""
        return is_loopback_url(self._way(url)[0])

    def _check(self, number: Number) -> None:
        if number.trunk_sid:
            raise NotRung(f"the trunk {number.trunk_sid} takes the call")
        if number.voice_application_sid:
            raise NotRung(f"the application {number.voice_application_sid} takes the call")
        if not number.voice_url:
            raise NotRung("there is no webhook")
        if not self._leads_here(number.voice_url):
            raise NotRung(f"{number.voice_url} leads to another machine")

    def _done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.troubles.append(f"the stand-in failed: {error!r}")
