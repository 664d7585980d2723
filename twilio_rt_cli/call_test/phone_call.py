"""`call-test --to`: a real call through Twilio's REST API. A phone rings, and who answers talks to the bridge."""

import threading
import time
from dataclasses import dataclass

from twilio_rt_cli.attach.known_origin import by_running_server
from twilio_rt_cli.call_test.summary import Frames, Marks, Summary
from twilio_rt_cli.errors import NeedsConsentError, ServiceError, SettingsError, UnreachableError
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.numbers import webhook_url
from twilio_rt_cli.output import console
from twilio_rt_cli.output.exit_codes import CHECK_FAILED, INTERRUPTED
from twilio_rt_cli.protocol.origin import is_loopback_url, origin_text
from twilio_rt_cli.settings.groups import TwilioSettings
from twilio_rt_cli.settings.parts import account_of
from twilio_rt_cli.twilio_api import PlacedCall, TwilioApi

_LOOK_S = 1.0
_MISSES = 5
"""looks in a row without an answer, before we believe that we cannot follow the call"""


@dataclass(frozen=True, slots=True)
class PhoneCallOptions:
    """The command line of `call-test --to`."""

    to: str
    url: str | None = None
    yes: bool = False
    duration_s: float | None = None
    json: bool = False


def ring(options: PhoneCallOptions, twilio: TwilioSettings, limit_s: int) -> int:
    """Place the call, of `limit_s` at most, and follow it to its end; the exit code.

    Raises TwilioRtError for what cannot even begin.
    """
    account = account_of(twilio)
    origin = _origin(options)
    if is_loopback_url(origin) and not account.elsewhere:
        raise SettingsError(
            f"{origin} is this machine's own address: Twilio cannot reach it.",
            hint="Start the server with --tunnel, open a tunnel to it, or name its public URL.",
        )
    with TwilioApi(account) as api:
        number = api.number(twilio.twilio_phone_number or None)
        progress = _Progress(options.json)
        progress.line(f"{options.to} will ring, from {number.phone_number}. Twilio charges for this call.")
        progress.line(f"Who answers talks to {origin}, for {limit_s} s at most.")
        _consent(options)
        call = api.start_call(
            options.to,
            number.phone_number,
            webhook_url(origin),
            status_callback=f"{origin}/call-status",
            time_limit_s=limit_s,
        )
        last, stopped = _Followed(api, call, options.duration_s, progress).to_the_end()
    failures = [] if stopped or last.status == "completed" else [f"the call ended as {last.status}"]
    exit_code = INTERRUPTED if stopped else CHECK_FAILED if failures else 0
    if options.json:
        console.data(_summary(exit_code, failures).json())
    else:
        took = f" after {last.duration_s} s" if last.duration_s is not None else ""
        console.data(f"The call {last.sid} is {last.status}{took}.")
    return exit_code


class _Progress:
    """Lines for a person; none where a script reads."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def line(self, text: str) -> None:
        if not self._quiet:
            console.say(text)


class _Followed:
    """A call while it goes on: each new status is printed, and Ctrl-C hangs up."""

    def __init__(self, api: TwilioApi, call: PlacedCall, duration_s: float | None, progress: _Progress) -> None:
        self._api = api
        self._call = call
        self._progress = progress
        self._until = None if duration_s is None else time.monotonic() + duration_s
        self._stop = threading.Event()
        self._stopped = False

    def to_the_end(self) -> tuple[PlacedCall, bool]:
        """The call as it ended, and whether somebody stopped it."""
        with on_stop_signals(self._on_signal):
            self._progress.line(f"{self._call.sid}  {self._call.status}")
            misses = 0
            while not self._call.over:
                if self._stop.wait(_LOOK_S) or (self._until is not None and time.monotonic() >= self._until):
                    self._hang_up()
                try:
                    self._look()
                    misses = 0
                except UnreachableError:
                    misses += 1
                    if misses >= _MISSES:
                        raise
        return self._call, self._stopped

    def _look(self) -> None:
        found = self._api.call(self._call.sid)
        if found.status != self._call.status:
            self._progress.line(f"{found.sid}  {found.status}")
        self._call = found

    def _hang_up(self) -> None:
        self._stop.clear()
        self._until = None
        self._progress.line("hanging up")
        try:
            self._api.hang_up(self._call.sid)
        except ServiceError:  # it is over already (Twilio 21220): the next look shows how
            return

    def _on_signal(self) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._stopped = True
        self._stop.set()


def _origin(options: PhoneCallOptions) -> str:
    origin = options.url or by_running_server()
    if origin is None:
        raise SettingsError(
            "There is no bridge to connect the call to.",
            hint="Start `twilio-rt serve --tunnel`, or name the bridge's URL.",
        )
    try:
        return origin_text(origin)
    except ValueError as error:
        raise SettingsError(f"{origin!r} {error}.", hint="It is the bridge's origin: https://bridge.example") from None


def _consent(options: PhoneCallOptions) -> None:
    if options.yes:
        return
    if not console.can_ask():
        raise NeedsConsentError(f"Nobody is here to agree to a call to {options.to}.", hint="Add --yes.")
    if not console.ask("Call now?"):
        raise NeedsConsentError("Nobody was called.")


def _summary(exit_code: int, failures: list[str]) -> Summary:
    """What was not observed is null: how the call sounded is known to those who heard it, and to the server."""
    return Summary(
        v=1,
        ok=exit_code == 0,
        mode="phone",
        calls=1,
        exit_code=exit_code,
        webhook_ms=None,
        connect_ms=None,
        first_audio_ms=None,
        greeting=None,
        turns=[],
        barge_ins=[],
        frames=Frames(None, None, None),
        marks=Marks(None, None),
        violations=[],
        failures=failures,
        recordings=[],
    )
