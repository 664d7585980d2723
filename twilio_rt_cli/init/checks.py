"""Live checks of single answers: Twilio's by its REST API, a model's key by the models that it may use."""

import re
from dataclasses import replace
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from twilio_rt_cli.doctor.finding import Finding, failed, failures, ok, skipped, warning
from twilio_rt_cli.doctor.twilio import account_findings
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.machine.reasons import reason_behind
from twilio_rt_cli.models.provider import Provider
from twilio_rt_cli.models.providers import endpoint
from twilio_rt_cli.output.exit_codes import CREDENTIALS, UNREACHABLE
from twilio_rt_cli.protocol.origin import is_below, is_loopback_url
from twilio_rt_cli.settings.groups import ModelSettings, TwilioSettings
from twilio_rt_cli.settings.model_access import key_of, url_of
from twilio_rt_cli.settings.parts import account_of
from twilio_rt_cli.twilio_api import Number, TwilioApi

_ANSWER_S = 4.0
_NGROK_TOKEN = re.compile(r"[0-9A-Za-z]{15,}_[0-9A-Za-z]{15,}")
_OPENAI_KEYS = "Make a key at https://platform.openai.com/api-keys."


def account(twilio: TwilioSettings) -> list[Finding]:
    """Whether Twilio takes the account's SID with its token or key."""
    return list(account_findings(twilio))


def numbers(twilio: TwilioSettings) -> list[Number]:
    """The account's numbers that take voice calls. Raises TwilioRtError."""
    with TwilioApi(replace(account_of(twilio), timeout_s=_ANSWER_S, max_retries=0)) as api:
        return [number for number in api.numbers() if number.voice_capable]


def why_no_numbers(error: TwilioRtError) -> list[Finding]:
    """What there is to say when the numbers could not be had."""
    return list(failures("number", error))


def model_key(model: ModelSettings, answer_s: float = _ANSWER_S) -> Finding:
    """Whether the server that answers takes the key, and knows the model."""
    key, socket_url = key_of(model), url_of(model)
    url = models_url(socket_url)
    if url is None:
        return skipped("model", "It cannot be checked: the model's address does not end in /realtime.")
    text = key.get_secret_value() if key else ""
    headers = _headers(model, text) if text else {}
    # at Azure it is a deployment's
    name = "" if model.realtime_provider == "azure" else f"/{quote(model.openai_model, safe='')}"
    try:
        answer = httpx.get(url + name, headers=headers, timeout=answer_s, trust_env=not is_loopback_url(url))
    except httpx.TimeoutException:
        return _unreachable(url, f"it did not answer within {answer_s:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return _unreachable(url, reason_behind(error))
    return _judged(answer.status_code, url, model)


def _headers(model: ModelSettings, key: str) -> dict[str, str]:
    """Those that its socket is asked for with."""
    provider = Provider(name=model.realtime_provider, url=url_of(model), model=model.openai_model, api_key=key)
    return dict(endpoint(provider).headers)


def models_url(socket_url: str) -> str | None:
    """Where a server of the Realtime protocol tells of its models; None when its address does not say so."""
    url = urlsplit(socket_url)
    if not url.path.rstrip("/").endswith("/realtime"):
        return None
    scheme = {"wss": "https", "ws": "http"}[url.scheme]
    path = url.path.rstrip("/").removesuffix("/realtime") + "/models"
    return urlunsplit((scheme, url.netloc, path, "", ""))


def ngrok_token(token: str) -> Finding:
    """Whether it looks like one; ngrok tells more only when a tunnel is opened."""
    if _NGROK_TOKEN.fullmatch(token):
        return ok("ngrok", "It looks like a token of ngrok's; whether ngrok takes it shows when a tunnel is opened.")
    message = "It does not look like a token of ngrok's: letters and digits, with one _ between them."
    return warning("ngrok", message, "Copy it from https://dashboard.ngrok.com/get-started/your-authtoken.")


def _judged(status: int, url: str, model: ModelSettings) -> Finding:
    name, who = "model", urlsplit(url).netloc
    openai = is_below(url, "openai.com")
    match status:
        case 200:
            knows = "" if model.realtime_provider == "azure" else f", and it may use {model.openai_model}"
            return ok(name, f"{who} takes the key{knows}.")
        case 401:
            return failed(name, f"{who} does not take this key (401).", _OPENAI_KEYS if openai else "", CREDENTIALS)
        case 403:
            message = f"{who} knows the key, but it may not ask about models (403). Calls may work all the same."
            return warning(name, message, "`twilio-rt doctor` opens a session with it.")
        case 404 if openai:
            message = f"{who} takes the key, but it may not use {model.openai_model} (404)."
            return warning(name, message, "Look at the project that the key belongs to, or set OPENAI_MODEL.")
        case 429:
            message = f"{who} takes the key, but gives nothing at the moment (429): a limit, or credit that is used up."
            return warning(name, message, "https://platform.openai.com/settings/billing" if openai else "")
        case _ if status >= 500:
            return _unreachable(url, f"it answered {status}")
        case _:
            return skipped(name, f"It cannot be checked: {who} answered {status} when it was asked for its models.")


def _unreachable(url: str, why: str) -> Finding:
    message = f"It could not be checked: {urlsplit(url).netloc} cannot be reached ({why})."
    return failed("model", message, "Check the network, and a proxy on the way.", UNREACHABLE)
