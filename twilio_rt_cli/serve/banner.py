"""What a person reads when the server starts: what answers, where, whether signatures are checked, how to stop."""

import textwrap
from urllib.parse import urlsplit

from twilio_rt_cli import __version__
from twilio_rt_cli.output.redaction import masked_secret
from twilio_rt_cli.protocol.origin import is_loopback
from twilio_rt_cli.settings.groups import Settings


def banner(settings: Settings, url: str, width: int | None = None, public_url: str | None = None) -> list[str]:
    """The lines, wrapped to a width in columns; this machine reaches us at `url`, Twilio at `public_url`."""
    origin = public_url or settings.server.public_url or url
    rows = [
        ("answers", _who_answers(settings)),
        ("listens", _where(settings, url)),
        ("webhook", f"{origin}/incoming-call"),
        ("signatures", signatures_doubt(settings, url, public_url) or "checked"),
        ("stop", _how_to_stop(settings)),
    ]
    lines = [line for name, text in rows for line in _wrapped(f"  {name:<11} ", text, width)]
    return [f"twilio-rt {__version__}", *lines, ""]


def signatures_doubt(settings: Settings, url: str, public_url: str | None = None) -> str | None:
    """Why Twilio's signatures are not checked, or would be found wrong; None when all is well."""
    if settings.twilio.checked:
        wrong = f"checked against {url}, so Twilio's calls would be refused: add --tunnel, or set PUBLIC_URL"
        return None if public_url or settings.server.public_url else wrong
    why = "there is no TWILIO_AUTH_TOKEN" if settings.twilio.twilio_validate else "TWILIO_VALIDATE is false"
    return f"NOT checked ({why}): only this machine can call"


def _where(settings: Settings, url: str) -> str:
    """The address that we listen on, as set: `url` always names the loopback one."""
    port = url.rpartition(":")[2]
    if settings.server.host in {"0.0.0.0", "::"}:
        return f"{settings.server.host if settings.server.host == '0.0.0.0' else '[::]'}:{port} (all interfaces)"
    if is_loopback(settings.server.host):
        return url
    return f"http://{f'[{settings.server.host}]' if ':' in settings.server.host else settings.server.host}:{port}"


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    if width is None:
        return [head + text]
    return textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)


def _who_answers(settings: Settings) -> str:
    match settings.model.realtime_provider:
        case "local":
            return "the offline engine (a voice and rules, no model)"
        case "azure":
            place, key = settings.model.azure_openai_url or "", settings.model.azure_openai_api_key
        case "openai":
            place, key = settings.model.openai_realtime_url, settings.model.openai_api_key
    told = f", key {masked_secret(key.get_secret_value())}" if key else ""
    return f"{settings.model.openai_model}, voice {settings.model.openai_voice}, at {urlsplit(place).netloc}{told}"


def _how_to_stop(settings: Settings) -> str:
    if settings.server.drain_seconds == 0:
        return "Ctrl-C"
    return f"Ctrl-C lets calls finish (at most {settings.server.drain_seconds:g} s), a second Ctrl-C ends them"
