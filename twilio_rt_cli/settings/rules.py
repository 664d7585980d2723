"""What must hold between settings, each told in a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twilio_rt_cli.agents.prompt import prompt_text
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.protocol.origin import is_loopback
from twilio_rt_cli.settings.groups import ModelSettings, RecordSettings, ServerSettings, Settings, TwilioSettings
from twilio_rt_cli.settings.model_access import access_of, asked_of


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the setting of this name."""

    name: str
    sentence: str
    hint: str


def broken_rules(settings: Settings) -> Iterator[Problem]:
    """What does not go together."""
    yield from _unchecked(settings.twilio, settings.server)
    yield from _provider(settings.model)
    yield from _recording(settings.records)
    yield from _prompt(settings.agent.prompt_file)


def _unchecked(twilio: TwilioSettings, server: ServerSettings) -> Iterator[Problem]:
    if twilio.checked:
        return
    if twilio.twilio_validate:
        why = "there is neither TWILIO_AUTH_TOKEN nor TWILIO_SHARED_KEY to check Twilio's signatures with"
        hint = "Set TWILIO_AUTH_TOKEN (Twilio console, account page), or stay on HOST=127.0.0.1 without PUBLIC_URL."
    else:
        why = "TWILIO_VALIDATE=false leaves Twilio's signatures unchecked"
        hint = "Set TWILIO_VALIDATE=true and TWILIO_AUTH_TOKEN, or stay on HOST=127.0.0.1 without PUBLIC_URL."
    if not is_loopback(server.host):
        yield Problem("HOST", f"HOST {server.host} is refused: {why}.", hint)
    if server.public_url:
        yield Problem("PUBLIC_URL", f"PUBLIC_URL is refused: {why}.", hint)


def _provider(model: ModelSettings) -> Iterator[Problem]:
    for name, needed in asked_of(model).items():
        if needed and not getattr(model, name.lower()):
            yield Problem(name, f"{name} is missing.", access_of(model).hint)


def _recording(records: RecordSettings) -> Iterator[Problem]:
    if records.record_audio and not records.records:
        problem = "RECORD_AUDIO does not go together with RECORDS=false, which keeps nothing of a call."
        yield Problem("RECORD_AUDIO", problem, "Unset RECORD_AUDIO or RECORDS.")


def _prompt(path: Path | None) -> Iterator[Problem]:
    try:
        prompt_text(path)
    except SettingsError as error:
        yield Problem("PROMPT_FILE", error.message, error.hint)
