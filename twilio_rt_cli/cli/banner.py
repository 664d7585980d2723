"""What a person reads when the server starts: what answers, where, whether signatures are checked, how to stop."""

from urllib.parse import urlsplit

from twilio_rt_cli import __version__
from twilio_rt_cli.cli.masking import masked_secret
from twilio_rt_cli.settings import Settings


def banner(settings: Settings, url: str) -> list[str]:
    """The lines; `url` is where we listen."""
    origin = settings.public_url or url
    rows = [
        ("answers", _who_answers(settings)),
        ("listens", url),
        ("webhook", f"{origin}/incoming-call"),
        ("signatures", "checked" if settings.checked else unchecked_sentence(settings)),
        ("stop", _how_to_stop(settings)),
    ]
    return [f"twilio-rt {__version__}", *(f"  {name:<11} {text}" for name, text in rows), ""]


def unchecked_sentence(settings: Settings) -> str:
    """That nobody checks signatures, and why."""
    why = "there is no TWILIO_AUTH_TOKEN" if settings.twilio_validate else "TWILIO_VALIDATE is false"
    return f"NOT checked ({why}): only this machine can call"


def _who_answers(settings: Settings) -> str:
    match settings.realtime_provider:
        case "local":
            return "the offline engine (a voice and rules, no model)"
        case "azure":
            place, key = settings.azure_openai_url or "", settings.azure_openai_api_key
        case "openai":
            place, key = settings.openai_realtime_url, settings.openai_api_key
    told = f", key {masked_secret(key.get_secret_value())}" if key else ""
    return f"{settings.openai_model}, voice {settings.openai_voice}, at {urlsplit(place).netloc}{told}"


def _how_to_stop(settings: Settings) -> str:
    if settings.drain_seconds == 0:
        return "Ctrl-C"
    return f"Ctrl-C lets calls finish (at most {settings.drain_seconds:g} s), a second Ctrl-C ends them"
