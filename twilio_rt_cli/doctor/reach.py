"""Checks of the way that Twilio takes to a running server: the origin, and round trips with right and wrong signatures.

The trips are made one after the other, since all of them are calls with one Call SID.
"""

import secrets
from collections.abc import Iterator

from twilio_rt_cli.caller.probe import NOBODYS_ACCOUNT, Probe, Step, probe
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.doctor.finding import Finding, failed, ok, skipped, warning
from twilio_rt_cli.machine.state import RunningServer
from twilio_rt_cli.output.exit_codes import CHECK_FAILED, UNREACHABLE
from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.settings.groups import TwilioSettings
from twilio_rt_cli.settings.parts import signer_of
from twilio_rt_cli.tunnel.ngrok_api import same_url

_RIGHT_S = 5.0
_WRONG_S = 2.5
_START = "twilio-rt serve, then twilio-rt doctor again in another terminal"


def origin_findings(configured: str | None, origin: str | None, of_server: str | None) -> Iterator[Finding]:
    """Where Twilio reaches us, and whether the server thinks so too; `configured` is PUBLIC_URL."""
    if origin is None:
        message = "No public address is known: there is no PUBLIC_URL, no running server and no tunnel."
        yield skipped("origin", message, "twilio-rt serve --tunnel, or set PUBLIC_URL")
    elif is_loopback_url(origin):
        message = f"{origin} leads to this machine only: Twilio cannot reach it."
        yield warning("origin", message, "twilio-rt tunnel, or set PUBLIC_URL and start the server again")
    else:
        yield ok("origin", f"Twilio reaches us at {origin}.")
    if configured is None or of_server is None:
        return
    if same_url(configured, of_server):
        yield ok("public-url", "PUBLIC_URL is what the running server checks signatures against.")
    else:
        message = f"PUBLIC_URL is {configured}, but the running server checks signatures against {of_server}."
        yield failed("public-url", message, "Start the server again, with the same PUBLIC_URL.")


async def trip_findings(twilio: TwilioSettings, origin: str | None, server: RunningServer | None) -> list[Finding]:
    """A round trip with our signature must pass, and wrong ones be refused."""
    if server is None or origin is None:
        message = "There is no running server to call." if server is None else "No address to call it at is known."
        return [skipped("round-trip", message, _START), skipped("wrong-signature", message)]
    account = twilio.twilio_account_sid or NOBODYS_ACCOUNT
    right, wrong = signer_of(twilio), Signer(secrets.token_hex(16))
    trip = await probe(origin, right, account_sid=account, timeout_s=_RIGHT_S)
    if not trip.ok:
        return [_of_failed(trip), skipped("wrong-signature", "It is tried once the right one passes.")]
    message = f"A call signed by us passes, webhook and WebSocket, by way of {origin} ({trip.elapsed_ms:.0f} ms)."
    webhook = await probe(origin, wrong, account_sid=account, timeout_s=_WRONG_S)
    stream = await probe(origin, right, account_sid=account, timeout_s=_WRONG_S, stream_signer=wrong)
    return [ok("round-trip", message), wrong_finding(webhook, stream, checked=twilio.checked)]


def _of_failed(trip: Probe) -> Finding:
    message = f"Twilio would not get through: {trip.problem}"
    code = UNREACHABLE if trip.failed is Step.HEALTH else CHECK_FAILED
    return failed("round-trip", message, trip.hint or "Look at the server's log.", code)


def wrong_finding(webhook: Probe, stream: Probe, *, checked: bool) -> Finding:
    """What became of a wrong signature of the webhook, and of the stream."""
    name = "wrong-signature"
    let_in = [what for what, one in (("webhook", webhook), ("WebSocket", stream)) if one.ok]
    if let_in:
        message = f"A wrong signature is let in ({', '.join(let_in)}): anybody may pass for Twilio."
        hint = "Start the server with TWILIO_AUTH_TOKEN, and without TWILIO_VALIDATE=false."
        return failed(name, message, hint) if checked else warning(name, message, hint)
    if webhook.refused and stream.refused and stream.failed is Step.STREAM:
        return ok(name, "A wrong signature is refused with 403, at the webhook and at the WebSocket.")
    problem = webhook.problem if not webhook.refused else stream.problem
    return failed(name, f"A wrong signature was not refused as it should be: {problem}", "Look at the server's log.")
