"""The settings as each part wants them: plain values for agent, server, quota, tunnel, REST API and signatures."""

from pydantic import SecretStr

from twilio_rt_cli.agents.agent import Agent
from twilio_rt_cli.agents.prompt import prompt_text
from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.models.dialects.session import TurnDetection
from twilio_rt_cli.models.provider import Provider
from twilio_rt_cli.models.terms import CallTerms
from twilio_rt_cli.protocol.caller_id import caller_list
from twilio_rt_cli.protocol.signature import Algorithm
from twilio_rt_cli.server.admission.quota import DayLimits
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.settings.groups import GROUPS, LimitSettings, Settings, TunnelSettings, TwilioSettings
from twilio_rt_cli.settings.model_access import key_of, url_of
from twilio_rt_cli.tunnel import TunnelConfig
from twilio_rt_cli.twilio_api import Account

NEEDED = (
    *("twilio_account_sid", "twilio_auth_token", "twilio_api_key", "twilio_api_secret"),
    *("twilio_region", "twilio_edge", "twilio_api_url"),
)
"""the settings that this reads"""
_HINT = "They are on the account page of the Twilio console; put them into .env or the environment."


def account_of(twilio: TwilioSettings) -> Account:
    """The account. Raises SettingsError, a sentence for each setting that is missing."""
    token, secret = twilio.twilio_auth_token, twilio.twilio_api_secret
    missing = []
    if not twilio.twilio_account_sid:
        missing.append("TWILIO_ACCOUNT_SID is missing.")
    if twilio.twilio_api_key and not secret:
        missing.append("TWILIO_API_SECRET is missing: the secret of TWILIO_API_KEY.")
    elif secret and not twilio.twilio_api_key:
        missing.append("TWILIO_API_KEY is missing: the key of TWILIO_API_SECRET.")
    elif not (token or secret):
        missing.append("TWILIO_AUTH_TOKEN is missing (or TWILIO_API_KEY and TWILIO_API_SECRET).")
    if missing:
        raise SettingsError("\n".join(missing), hint=_HINT)
    return Account(
        account_sid=twilio.twilio_account_sid or "",
        auth_token=token.get_secret_value() if token else "",
        api_key=twilio.twilio_api_key,
        api_secret=secret.get_secret_value() if secret else "",
        region=twilio.twilio_region,
        edge=twilio.twilio_edge,
        api_url=twilio.twilio_api_url,
    )


def signer_of(twilio: TwilioSettings) -> Signer:
    """Who signs as this account's Twilio does: by the auth token, or by the SharedKey where there is no token."""
    token, key = twilio.twilio_auth_token, twilio.twilio_shared_key
    if token is not None:
        return Signer(token.get_secret_value())
    return Signer(key.get_secret_value() if key else None, Algorithm.HMAC_SHA256)


def server_config(settings: Settings) -> ServerConfig:
    """What the server needs of the settings."""
    token, key = settings.twilio.twilio_auth_token, settings.twilio.twilio_shared_key
    return ServerConfig(
        host=settings.server.host,
        port=settings.server.port,
        public_url=settings.server.public_url,
        limit_concurrency=settings.server.limit_concurrency,
        backlog=settings.server.backlog,
        keep_alive_s=settings.server.timeout_keep_alive,
        ping_interval_s=settings.server.ws_ping_interval,
        ping_timeout_s=settings.server.ws_ping_timeout,
        max_message_bytes=settings.server.ws_max_size,
        auth_token=token.get_secret_value() if token else None,
        shared_key=key.get_secret_value() if key else None,
        account_sid=settings.twilio.twilio_account_sid,
        validate=settings.twilio.twilio_validate,
        fallback_message=settings.agent.fallback_message,
        busy_message=settings.agent.busy_message,
        drain_s=settings.server.drain_seconds,
    )


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """All secrets, to be kept out of whatever is printed."""
    values = [getattr(getattr(settings, group), name) for group, of in GROUPS.items() for name in of.model_fields]
    return tuple(one.get_secret_value() for one in values if isinstance(one, SecretStr) and one)


def agent_of(settings: Settings) -> Agent:
    """Who answers. Reads the prompt and imports the tools; raises SettingsError if that cannot be done."""
    prompt = settings.agent.prompt_file
    return Agent(
        name=prompt.name if prompt else "sample",
        prompt=prompt_text(prompt),
        greeting=settings.agent.greeting,
        tools=load(settings.agent.tools),
        model=settings.model.openai_model,
        voice=settings.model.openai_voice,
    )


def terms_of(settings: Settings, engine_url: str | None = None) -> CallTerms:
    """What holds for every call; `engine_url` is where the offline engine listens, for the provider `local`."""
    hearing = settings.hearing
    return CallTerms(
        provider=provider_of(settings, engine_url),
        transcription_model=hearing.transcription_model,
        turn_detection=TurnDetection(
            type=hearing.turn_detection,
            threshold=hearing.vad_threshold,
            silence_ms=hearing.vad_silence_ms,
            prefix_ms=hearing.vad_prefix_ms,
            eagerness=hearing.vad_eagerness,
        ),
        noise_reduction=hearing.noise_reduction,
        hold_messages=settings.server.ws_max_queue,
        max_call_s=settings.agent.max_call_seconds,
    )


def provider_of(settings: Settings, engine_url: str | None = None) -> Provider:
    """Which model answers, and where; `engine_url` for the provider `local`."""
    model = settings.model
    key = key_of(model)
    url = engine_url if model.realtime_provider == "local" else url_of(model)
    assert url is not None, "the engine is started first"
    return Provider(
        name=model.realtime_provider,
        url=url,
        model=model.openai_model,
        api_key=key.get_secret_value() if key else None,
        ping_interval_s=settings.server.ws_ping_interval,
        ping_timeout_s=settings.server.ws_ping_timeout,
    )


def limits_of(limits: LimitSettings) -> DayLimits:
    """What the server's quota needs of the settings."""
    return DayLimits(
        caller_calls=limits.caller_calls_per_day,
        caller_minutes=limits.caller_minutes_per_day,
        calls=limits.calls_per_day,
        minutes=limits.minutes_per_day,
        cost_usd=limits.cost_usd_per_day,
        allow=caller_list(limits.allow_callers),
        block=caller_list(limits.block_callers),
    )


def config_of(tunnel: TunnelSettings, port: int) -> TunnelConfig:
    """What the tunnel needs of the settings. Raises SettingsError when the port is none to lead to."""
    if port == 0:
        raise SettingsError("PORT 0 is no port that a tunnel can lead to.", hint="Name the server's: --port N.")
    token = tunnel.ngrok_authtoken
    return TunnelConfig(
        port=port,
        authtoken=token.get_secret_value() if token else None,
        url=tunnel.ngrok_url,
        api_url=tunnel.ngrok_api_url,
    )
