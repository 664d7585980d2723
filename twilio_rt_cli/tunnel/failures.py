"""What ngrok and pyngrok say when a tunnel cannot be opened, in words, with what to do about it.

ngrok numbers its errors (ERR_NGROK_…); pyngrok hands the number on for a failed start only, so it is looked for in all
that was said. ngrok quotes the authtoken in some of them: it never gets through here.
"""

import re

from twilio_rt_cli.errors import CredentialsError, ServiceError, TwilioRtError, UnreachableError
from twilio_rt_cli.tunnel.config import TunnelConfig

INSTALL_HINT = "Install ngrok (https://ngrok.com/download) so that `ngrok` is on PATH, and start again."
_TOKEN_HINT = "Copy it from https://dashboard.ngrok.com/get-started/your-authtoken into NGROK_AUTHTOKEN."
_CODE = re.compile(r"ERR_NGROK_(\d+)")
_SPOKEN_LETTERS = 300


def failure(said: str, config: TunnelConfig) -> TwilioRtError:
    """The error that stands for what an agent said, or did not say."""
    found = _CODE.search(said)
    if found is None:
        return _nameless(said, config)
    number = int(found[1])
    domain = config.url or "The address"
    match number:
        case 4018:
            return CredentialsError("ngrok wants an account and its authtoken (ERR_NGROK_4018).", hint=_TOKEN_HINT)
        case 105 | 107:
            wrong = "does not look like an authtoken" if number == 105 else "is not, or no longer, valid"
            return CredentialsError(f"ngrok says that NGROK_AUTHTOKEN {wrong} (ERR_NGROK_{number}).", hint=_TOKEN_HINT)
        case 108:
            return ServiceError(
                "Another ngrok agent of this account is running, and the plan allows no more (ERR_NGROK_108).",
                hint="Stop it (https://dashboard.ngrok.com/agents lists them), "
                "or name its API in NGROK_API_URL if it runs where we can reach it.",
            )
        case 121:
            return ServiceError("This ngrok is too old for its servers (ERR_NGROK_121).", hint="Run `ngrok update`.")
        case 334:
            return ServiceError(
                f"{domain} is already online from somewhere else (ERR_NGROK_334).",
                hint="Stop the other tunnel (https://dashboard.ngrok.com/endpoints), or choose another NGROK_URL.",
            )
        case _:
            text = redacted(said, config)
            hint = f"https://ngrok.com/docs/errors/err_ngrok_{number} explains it."
            return ServiceError(f"ngrok refuses: {text}", hint=hint)


def silent(config: TunnelConfig) -> TwilioRtError:
    """Our agent did not come up in time."""
    return UnreachableError(
        f"ngrok did not come up within {config.start_s:g} s.",
        hint=f"See what `ngrok http {config.port}` says, and whether `ngrok update` helps.",
    )


def redacted(said: str, config: TunnelConfig) -> str:
    """What was said, on one line, at a bearable length, and without the authtoken."""
    text = said.replace(config.authtoken, "••••") if config.authtoken else said
    text = re.sub(r"(?i)(authtoken:?\s*)[\w-]{8,}", r"\1••••", text)
    text = " ".join(re.sub(r"\\[rn]", " ", text).split())
    return text if len(text) <= _SPOKEN_LETTERS else f"{text[:_SPOKEN_LETTERS]}…"


def _nameless(said: str, config: TunnelConfig) -> TwilioRtError:
    text = redacted(said, config)
    if re.search(r"(?i)unknown (field|command|flag)|config(uration)? file|/api/endpoints", text):
        hint = "If it is an old ngrok, `ngrok update` makes it a new one."
        return ServiceError(f"ngrok cannot start: {text}", hint=hint)
    hint = "It must reach connect.ngrok-agent.com:443 from here; a proxy or firewall may be in the way."
    return UnreachableError(f"ngrok cannot open a tunnel: {text or 'it ended without a word'}", hint=hint)
