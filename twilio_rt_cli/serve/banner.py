"""What a person reads when the server starts: what answers, where, whether signatures are checked, how to stop."""

import textwrap
from dataclasses import dataclass
from urllib.parse import urlsplit

from twilio_rt_cli import __version__
from twilio_rt_cli.output.redaction import masked_secret
from twilio_rt_cli.protocol.origin import is_loopback
from twilio_rt_cli.settings.groups import ModelSettings, ServerSettings, TwilioSettings
from twilio_rt_cli.settings.model_access import key_of, url_of


@dataclass(frozen=True, slots=True)
class Banner:
    """A server that listens: this machine reaches it at `url`, Twilio at `public_url`."""

    server: ServerSettings
    twilio: TwilioSettings
    model: ModelSettings
    url: str
    public_url: str | None = None

    def lines(self, width: int | None = None) -> list[str]:
        """All that is printed, wrapped to a width in columns."""
        origin = self._known_url or self.url
        rows = [
            ("answers", _who_answers(self.model)),
            ("listens", _where(self.server.host, self.url)),
            ("webhook", f"{origin}/incoming-call"),
            ("signatures", self.doubt or "checked"),
            ("stop", _how_to_stop(self.server.drain_seconds)),
        ]
        lines = [line for name, text in rows for line in _wrapped(f"  {name:<11} ", text, width)]
        return [f"twilio-rt {__version__}", *lines, ""]

    @property
    def doubt(self) -> str | None:
        """Why Twilio's signatures are not checked, or would be found wrong; None when all is well."""
        if self.twilio.checked:
            wrong = f"checked against {self.url}, so Twilio's calls would be refused: add --tunnel, or set PUBLIC_URL"
            return None if self._known_url else wrong
        why = "there is no TWILIO_AUTH_TOKEN" if self.twilio.twilio_validate else "TWILIO_VALIDATE is false"
        return f"NOT checked ({why}): only this machine can call"

    @property
    def _known_url(self) -> str | None:
        return self.public_url or self.server.public_url


def _where(host: str, url: str) -> str:
    """The address that we listen on, as set: `url` always names the loopback one."""
    port = url.rpartition(":")[2]
    if host in {"0.0.0.0", "::"}:
        return f"{host if host == '0.0.0.0' else '[::]'}:{port} (all interfaces)"
    if is_loopback(host):
        return url
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    if width is None:
        return [head + text]
    return textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)


def _who_answers(model: ModelSettings) -> str:
    if model.realtime_provider == "local":
        return "the offline engine (a voice and rules, no model)"
    place, key = url_of(model), key_of(model)
    with_key = f", key {masked_secret(key.get_secret_value())}" if key else ""
    return f"{model.openai_model}, voice {model.openai_voice}, at {urlsplit(place).netloc}{with_key}"


def _how_to_stop(drain_s: float) -> str:
    if drain_s == 0:
        return "Ctrl-C"
    return f"Ctrl-C lets calls finish (at most {drain_s:g} s), a second Ctrl-C ends them"
