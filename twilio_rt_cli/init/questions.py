"""The questions, one for each setting: where its value is found, and what is checked of an answer at once.

What is refused, or cannot be checked, can be typed again; Enter goes on with it as it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from twilio_rt_cli.doctor.finding import Finding, State, failed, skipped, warning
from twilio_rt_cli.doctor.keys import key_findings
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.init import checks, terminal
from twilio_rt_cli.init.answers import Answers, is_secret, problem_with
from twilio_rt_cli.output.exit_codes import UNREACHABLE
from twilio_rt_cli.output.redaction import Redactor, masked_secret
from twilio_rt_cli.settings.model_access import access_of, asked_of
from twilio_rt_cli.settings.parts import secrets_of
from twilio_rt_cli.twilio_api import Number

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NUMBER = "TWILIO_PHONE_NUMBER"
_AGAIN = "Type again what is wrong; Enter goes on with it as it is."
_UNCHECKED = "So this is not checked. Enter goes on without; or type again what is wrong."
_MOST_LISTED = 20
_SHORTEST = 6
"""of what is taken out of sentences: a shorter one, mistyped, would be found within words"""
_KEYS = frozenset({"twilio-sid", "twilio-api-key-sid", "signatures"})


@dataclass(slots=True)
class Interview:
    """Asks, and collects what was answered."""

    answers: Answers
    checked: list[Finding] = field(default_factory=list)
    """what the last check of each answer came to"""
    _numbers: Sequence[Number] | None = None
    """the account's, once it has told them"""

    def ask_all(self) -> None:
        """One question after the other. Raises EOFError when nobody answers any more."""
        terminal.say("Twilio (1 of 4). SID and token of your account stand at https://console.twilio.com.")
        self._until_checked(self._ask_account, self._account)
        terminal.say()
        self._ask_number()
        terminal.say()
        self._ask_model()
        terminal.say()
        self._ask_public_way()

    # Twilio

    def _ask_account(self) -> bool:
        typed = self._ask_each("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
        if "TWILIO_AUTH_TOKEN" in self.answers.missing:
            terminal.say("Without the token no calls come in. For all else an API key (SK…) will do; Enter: none.")
        if not self.answers.value("TWILIO_AUTH_TOKEN") or self.answers.value("TWILIO_API_KEY"):
            typed |= self._ask_each("TWILIO_API_KEY")
        if self.answers.value("TWILIO_API_KEY"):
            typed |= self._ask_each("TWILIO_API_SECRET")
        return typed

    def _account(self) -> list[Finding]:
        if lacking := self._lacking_account():
            return [failed("twilio-account", f"{name} is missing: without it no call comes in.") for name in lacking]
        settings = self.answers.settings
        findings = checks.account(settings.twilio)
        if not _in_doubt(findings):
            try:
                self._numbers = checks.numbers(settings.twilio)
            except TwilioRtError as error:
                findings += checks.why_no_numbers(error)
        if not _in_doubt(findings):
            return findings
        self._numbers = None
        by_form = [one for one in key_findings(settings.twilio, settings.model) if one.name in _KEYS]
        return [one for one in by_form if one.state is not State.OK] + findings

    def _lacking_account(self) -> list[str]:
        by_key = bool(self.answers.value("TWILIO_API_KEY") and self.answers.value("TWILIO_API_SECRET"))
        names = ("TWILIO_ACCOUNT_SID",) if by_key else ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
        return [name for name in names if not self.answers.value(name)]

    def _ask_number(self) -> None:
        terminal.say("Number (2 of 4). The one that callers dial.")
        if self._numbers is None:
            self._until_checked(lambda: self._ask(_NUMBER), self._number_by_form)
        elif not self._numbers:
            hint = "Buy one in the Twilio console (Phone Numbers, Buy a number), then run init again."
            self._show([warning("number", "The account has no number that takes voice calls.", hint)])
        else:
            self._choose(self._numbers)

    def _number_by_form(self) -> list[Finding]:
        number = self.answers.value(_NUMBER)
        if number and not _E164.fullmatch(number) and not number.startswith("PN"):
            hint = "In E.164: + and country code, then the number, as in +14155550100."
            return [failed("number", f"{number} is no phone number.", hint)]
        return [skipped("number", "It was not checked: the account did not tell its numbers.")] if number else []

    def _choose(self, numbers: Sequence[Number]) -> None:
        for place, number in enumerate(numbers[:_MOST_LISTED], 1):
            name = "" if number.friendly_name == number.phone_number else f"  {number.friendly_name}"
            terminal.say(f"{place:>3}  {number.phone_number}{name}")
        if (more := len(numbers) - _MOST_LISTED) > 0:
            terminal.say(f"and {more} more")
        if len(numbers) == 1 and not self.answers.value(_NUMBER):
            self.answers.offered[_NUMBER] = numbers[0].phone_number
        if len(numbers) > 1:
            terminal.say(f"Type 1 to {len(numbers)}, or the number.")

        def ask() -> bool:
            return self._ask(_NUMBER, lambda text: _chosen(text, numbers))

        self._until_checked(ask, lambda: self._number_of(numbers))

    def _number_of(self, numbers: Sequence[Number]) -> list[Finding]:
        number = self.answers.value(_NUMBER)
        if not number or _chosen(number, numbers):
            return []
        return [failed("number", f"{number} is none of the account's numbers that take voice calls.")]

    # The model

    def _ask_model(self) -> None:
        model = self.answers.settings.model
        names = tuple(asked_of(model))
        terminal.say(f"Model (3 of 4). {access_of(model).question}")
        if not names:
            return
        self._until_checked(lambda: self._ask_each(*names), lambda: self._model(names))

    def _model(self, names: Sequence[str]) -> list[Finding]:
        missing = [name for name in names if name in self.answers.missing]
        if missing:
            return [failed("model", f"{name} is missing: without it nobody answers a call.") for name in missing]
        settings = self.answers.settings
        wrong = [one for one in key_findings(settings.twilio, settings.model) if one.name == "openai-key"]
        if _in_doubt(wrong):  # some other secret, perhaps: it is sent to nobody
            return wrong
        return [checks.model_key(settings.model)]

    # The public way

    def _ask_public_way(self) -> None:
        terminal.say(
            "Public way (4 of 4). Twilio must reach this machine: by a tunnel of ngrok's, whose token is at "
            "https://dashboard.ngrok.com/get-started/your-authtoken, or at an address of your own; Enter: none yet."
        )
        self._until_checked(lambda: self._ask("NGROK_AUTHTOKEN"), self._ngrok)
        if not self.answers.value("NGROK_AUTHTOKEN") or self.answers.value("PUBLIC_URL"):
            self._until_checked(lambda: self._ask("PUBLIC_URL"), self._public_url)

    def _ngrok(self) -> list[Finding]:
        token = self.answers.value("NGROK_AUTHTOKEN")
        return [checks.ngrok_token(token)] if token else []

    def _public_url(self) -> list[Finding]:
        if not self.answers.value("PUBLIC_URL"):
            return []
        return [skipped("public-url", "Whether Twilio gets through, `twilio-rt doctor` tells once the server runs.")]

    # Asking

    def _until_checked(self, ask: Callable[[], bool], check: Callable[[], list[Finding]]) -> None:
        """Ask, and check; again while there is doubt and something else is typed."""
        ask()
        while True:
            findings = self._show(check())
            if not _in_doubt(findings):
                break
            refused = any(one.code != UNREACHABLE for one in findings if one.state is State.FAILED)
            terminal.say(_AGAIN if refused else _UNCHECKED)
            if not ask():
                break
        self.checked += findings

    def _ask_each(self, *names: str) -> bool:
        typed = [self._ask(name) for name in names]
        return any(typed)

    def _ask(self, name: str, meant: Callable[[str], str | None] | None = None) -> bool:
        """Ask for one setting until its form is right; whether something new was typed."""
        if there := self.answers.in_environment(name):
            there = masked_secret(there) if is_secret(name) else there
            terminal.say(f"The environment has {name} ({there}), which wins over .env; Enter leaves it so.")
        while True:
            text = terminal.ask(name, self.answers.shown(name), secret=is_secret(name))
            if not text:
                return self.answers.take_offered(name)
            value = text if meant is None else meant(text)
            if value is None:
                self._show([failed(name, f"{text} is none of these.")])
            elif problem := problem_with(name, value):
                self._show([failed(name, problem)])
            else:
                self.answers.given[name] = value
                return True

    def _show(self, findings: Sequence[Finding]) -> Sequence[Finding]:
        """On the terminal, without secrets; gives what was shown."""
        secrets = [secret for secret in secrets_of(self.answers.settings) if len(secret) >= _SHORTEST]
        redactor = Redactor(secrets, show_numbers=True)
        shown = [replace(one, message=redactor.text(one.message), hint=redactor.text(one.hint)) for one in findings]
        terminal.show_findings(shown)
        return shown


def _in_doubt(findings: Sequence[Finding]) -> bool:
    return any(one.state is State.FAILED for one in findings)


def _chosen(text: str, numbers: Sequence[Number]) -> str | None:
    """The number that is meant: by its place in the list, in E.164, or by its SID."""
    compact = re.sub(r"[\s().\-–]", "", text)
    if re.fullmatch(r"\d{1,4}", compact) and 1 <= int(compact) <= len(numbers):
        return numbers[int(compact) - 1].phone_number
    return next((one.phone_number for one in numbers if compact in {one.phone_number, one.sid}), None)
