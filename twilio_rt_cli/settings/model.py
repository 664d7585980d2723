"""Settings: flag > environment > .env in the working directory > default; parsed once, frozen, secrets as SecretStr.

Read in `cli/` only and passed down as the values that each part needs. An empty value counts as not set, except where
empty has a meaning (GREETING, TOOLS, TRANSCRIPTION_MODEL). The docstring under a field is its line in `.env.example`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from twilio_rt_cli.agents.prompt import prompt_text
from twilio_rt_cli.agents.sample.appointments import GREETING
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.protocol.origin import is_below, is_loopback
from twilio_rt_cli.settings.types import (
    AccountSidText,
    CallersText,
    Count,
    Host,
    HttpUrl,
    LogFormat,
    LogLevel,
    Milliseconds,
    Origin,
    PerDay,
    ProviderName,
    Seconds,
    Secret,
    WebSocketUrl,
)


def load_settings(**flags: object) -> "Settings":
    """The settings of this run. A flag of None was not given. Raises SettingsError: a sentence for each bad setting."""
    return _load(Settings, flags)


def load_some(names: Collection[str], **flags: object) -> "Settings":
    """The settings of a command that needs only these: what is wrong with others, or between them, is not its business.

    Others hold their default where they are wrong. Raises SettingsError.
    """
    return _load(Settings, flags, frozenset(names))


def bare_settings(**flags: object) -> "Settings":
    """Defaults and these flags alone: neither the environment nor `.env` is read. Raises SettingsError."""
    return _load(_BareSettings, flags)


def _default_host(given: Mapping[str, Any]) -> str:
    has_secret = given.get("twilio_auth_token") or given.get("twilio_shared_key")
    return "0.0.0.0" if has_secret and given.get("twilio_validate", True) else "127.0.0.1"


def _default_greeting(given: Mapping[str, Any]) -> str:
    if given.get("prompt_file"):
        return "Hello, how can I help you?"  # the sample's greeting names the sample's business
    return GREETING


class Settings(BaseSettings):
    """Everything a person can set. Secrets come first, since HOST's default depends on them."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_file=".env",
        env_file_encoding="utf-8",
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
    )

    twilio_account_sid: AccountSidText | None = None
    """Account SID (AC…); requests of another account are refused"""
    twilio_auth_token: Secret | None = None
    """auth token of the account; checks the signatures of its requests"""
    twilio_shared_key: Secret | None = None
    """secret of an account that signs by SharedKey (HMAC-SHA256)"""
    twilio_api_key: str = ""
    """API key (SK…) for the REST API, instead of the auth token"""
    twilio_api_secret: Secret | None = None
    """secret of that key"""
    twilio_region: str = ""
    """region of the account (ie1, au1); empty: us1"""
    twilio_edge: str = ""
    """edge that REST requests enter Twilio by (dublin, sydney)"""
    twilio_api_url: HttpUrl = "https://api.twilio.com"
    """another origin of the REST API: an emulator or a proxy"""
    twilio_phone_number: str = ""
    """the number for configure-number and call-test; serve --tunnel offers it"""
    twilio_validate: bool = True
    """false: no signature check and a bare /media-stream is accepted; loopback only"""

    host: Host = Field(default_factory=_default_host)
    """where the server listens; without a Twilio secret the default is 127.0.0.1, and only loopback is allowed"""
    port: int = Field(default=5001, ge=0, le=65535)
    """port of the server; 0 takes a free one"""
    public_url: Origin | None = None
    """the origin Twilio reaches us at (https; http for loopback only, streams are then ws://)"""
    limit_concurrency: Count = 1000
    """calls at once; above it new callers hear BUSY_MESSAGE"""
    backlog: Count = 2048
    """connections the kernel holds for us until we accept them"""
    timeout_keep_alive: int = Field(default=5, ge=0)
    """seconds an idle HTTP connection stays open"""
    ws_ping_interval: Seconds = 30
    """seconds between pings, both sockets"""
    ws_ping_timeout: Seconds = 30
    """seconds to wait for a pong, both sockets"""
    ws_max_size: int = Field(default=1_048_576, ge=1024)
    """largest message from Twilio in bytes (the model side takes 16 MiB)"""
    ws_max_queue: Count = 64
    """messages of caller audio held while the model's socket is stalled; then the oldest go first"""
    drain_seconds: float = Field(default=600, ge=0, allow_inf_nan=False)
    """how long a stopping server lets calls go on"""
    reload: bool = False
    """restart on code change (development); not together with a tunnel or a number"""
    admin_host: Host = "127.0.0.1"
    """where the admin port listens"""
    admin_port: int = Field(default=5002, ge=0, le=65535)
    """the admin port; 0 takes a free one; busy: the next free one, said at start"""

    ngrok_authtoken: Secret | None = None
    """token of the ngrok account, for serve --tunnel and tunnel"""
    ngrok_url: Origin | None = None
    """fixed domain of the ngrok account (https://…); not set: a random one"""
    ngrok_api_url: HttpUrl = "http://127.0.0.1:4040"
    """where an ngrok agent that already runs answers"""

    records: bool = True
    """keep a record of each call"""
    records_dir: Path | None = None
    """where records are kept, for this user alone; not set: records in the per-user state folder"""
    records_days: int = Field(default=30, ge=0)
    """days after which records and recordings are deleted; 0: never"""
    record_audio: bool = False
    """a stereo recording of every call, caller left, agent as heard right; the law mostly demands consent"""

    log_level: LogLevel = "info"
    """debug, info, warning, error or critical"""
    log_format: LogFormat | None = None
    """pretty, logfmt or json; not set: pretty on a terminal, logfmt elsewhere"""
    show_numbers: bool = False
    """phone numbers in full instead of their last four digits"""

    realtime_provider: ProviderName = "openai"
    """who answers: openai, azure or local (the offline engine)"""
    openai_api_key: Secret | None = None
    """key of the OpenAI platform (sk-…)"""
    openai_realtime_url: WebSocketUrl = "wss://api.openai.com/v1/realtime"
    """any server of the same protocol; ws:// allowed, and a server other than OpenAI's needs no key"""
    azure_openai_url: WebSocketUrl | None = None
    """wss://<resource>.openai.azure.com/openai/v1/realtime"""
    azure_openai_api_key: Secret | None = None
    """key of the Azure OpenAI resource"""
    openai_model: str = "gpt-realtime-2.1"
    """the realtime model; with azure the name of your deployment"""
    openai_voice: str = "marin"
    """the agent's voice"""

    transcription_model: str = "gpt-4o-mini-transcribe"
    """writes down what the caller says; empty: nobody does"""
    turn_detection: Literal["server_vad", "semantic_vad"] = "server_vad"
    """how the end of the caller's turn is found: server_vad (silence) or semantic_vad (meaning)"""
    vad_threshold: float = Field(default=0.5, ge=0, le=1)
    """server_vad: how sure it must be that this is speech, 0 to 1; raise it on noisy lines"""
    vad_silence_ms: Milliseconds = 500
    """server_vad: silence that ends a turn"""
    vad_prefix_ms: Milliseconds = 300
    """server_vad: audio kept from before the speech"""
    vad_eagerness: Literal["auto", "low", "medium", "high"] = "auto"
    """semantic_vad: how soon it answers: auto, low, medium or high"""
    noise_reduction: Literal["none", "near_field", "far_field"] = "none"
    """none, near_field (handset) or far_field (speakerphone)"""

    prompt_file: Path | None = None
    """markdown file with the agent's instructions; not set: the bundled sample"""
    greeting: str = Field(default_factory=_default_greeting)
    """what the agent says first; empty: it waits for the caller"""
    tools: str = "sample"
    """Python files or modules with @tool functions, separated by commas; sample: the bundled one; empty: none"""
    max_call_seconds: Seconds = 3600
    """hard end of a call"""
    fallback_message: str = "I'm sorry, we can't take your call right now. Please try again in a few minutes. Goodbye."
    """what a caller hears when the model is away"""
    busy_message: str = "All our lines are busy at the moment. Please try again in a few minutes. Goodbye."
    """what a caller hears when the line is full, a limit of the day is reached, or we are stopping"""

    caller_calls_per_day: int = Field(default=0, ge=0)
    """calls that one caller may make in a day; 0: no limit"""
    caller_minutes_per_day: PerDay = 0
    """minutes that one caller may talk in a day; 0: no limit"""
    calls_per_day: int = Field(default=0, ge=0)
    """calls of all callers together in a day; 0: no limit"""
    minutes_per_day: PerDay = 0
    """minutes of all calls together in a day; 0: no limit"""
    cost_usd_per_day: PerDay = 0
    """estimated cost of all calls together in a day, in USD; 0: no limit"""
    allow_callers: CallersText = ""
    """only these may call: numbers, beginnings like +49*, or anonymous, separated by commas; not set: everybody"""
    block_callers: CallersText = ""
    """these may not call, even if ALLOW_CALLERS names them: numbers, beginnings like +1900*, or anonymous"""

    @property
    def checked(self) -> bool:
        """Whether the signatures of Twilio's requests are checked."""
        return self.twilio_validate and bool(self.twilio_auth_token or self.twilio_shared_key)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, given: dict[str, object]) -> dict[str, object]:
        keep = {"greeting", "tools", "transcription_model"}
        return {
            name: value
            for name, value in given.items()
            if name in keep or not (isinstance(value, str) and not value.strip())
        }


class _BareSettings(Settings):
    @classmethod
    def settings_customise_sources(  # pydantic-settings' signature
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class _Problem:
    name: str
    sentence: str
    hint: str


_WHERE = "Settings come from flags, the environment or .env; .env.example explains each of them."


def _load(source: type[Settings], flags: Mapping[str, object], needed: frozenset[str] | None = None) -> Settings:
    given = {name: value for name, value in flags.items() if value is not None}
    unknown = (given.keys() | (needed or frozenset())) - source.model_fields.keys()
    assert not unknown, f"no such settings: {unknown}"
    problems: list[_Problem] = []
    try:
        settings = _read(source, given)
    except ValidationError as error:
        # A default that depends on other settings is not made beside a wrong one; that alone is nobody's mistake.
        wrong = [details for details in error.errors() if details["type"] != "default_factory_not_called"]
        problems = [_field_problem(details) for details in wrong]
        # With defaults in place of what is wrong, the rules between settings can speak up in the same breath.
        defaults = dict(_BareSettings())
        settings = _read(source, given | {name: defaults[name] for name in map(str.lower, _names(problems))})
    if needed is None:
        told = _names(problems)
        problems += [problem for problem in _rules(settings) if problem.name not in told]
    else:
        problems = [problem for problem in problems if problem.name.lower() in needed]
    if problems:
        hints = dict.fromkeys(problem.hint for problem in problems)
        raise SettingsError("\n".join(problem.sentence for problem in problems), hint="\n".join(hints))
    return settings


def _names(problems: list[_Problem]) -> frozenset[str]:
    return frozenset(problem.name for problem in problems)


def _read(source: type[Settings], given: Mapping[str, Any]) -> Settings:
    try:
        return source(**given)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f".env cannot be read ({error}).", hint="It should be UTF-8 text: NAME=value lines."
        ) from None


def _field_problem(details: ErrorDetails) -> _Problem:
    name = str(details["loc"][0])
    told = _rule_broken(details)
    if name not in _UNQUOTED:
        told += f", not {details['input']!r:.60}"
    return _Problem(name.upper(), f"{name.upper()} {told}.", _WHERE)


_UNQUOTED = frozenset(
    {
        "public_url", "openai_realtime_url", "azure_openai_url", "twilio_account_sid", "twilio_api_key",
        "twilio_api_url", "ngrok_url", "ngrok_api_url", "allow_callers", "block_callers",
        *(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)),
    }
)  # fmt: skip
"""never quoted in a message: a secret, or where one is easily pasted by mistake; and lists of phone numbers"""


def _rule_broken(details: ErrorDetails) -> str:
    limits = details.get("ctx", {})
    match details["type"]:
        case "int_parsing" | "int_type" | "int_from_float":
            return "must be a whole number"
        case "float_parsing" | "float_type" | "finite_number":
            return "must be a number"
        case "bool_parsing" | "bool_type":
            return "must be true or false"
        case "greater_than_equal":
            return f"must be at least {limits['ge']:g}"
        case "greater_than":
            return f"must be more than {limits['gt']:g}"
        case "less_than_equal":
            return f"must be at most {limits['le']:g}"
        case "literal_error":
            return f"must be {limits['expected']}".replace("'", "")
        case "value_error":
            return str(limits["error"])
        case _:
            return f"is not right ({details['msg']})"


def _rules(settings: Settings) -> Iterator[_Problem]:
    """What must hold between settings."""
    yield from _unchecked_rules(settings)
    yield from _provider_rules(settings)
    if settings.record_audio and not settings.records:
        problem = "RECORD_AUDIO does not go together with RECORDS=false, which keeps nothing of a call."
        yield _Problem("RECORD_AUDIO", problem, "Unset RECORD_AUDIO or RECORDS.")
    try:
        prompt_text(settings.prompt_file)
    except SettingsError as error:
        yield _Problem("PROMPT_FILE", error.message, error.hint)


def _unchecked_rules(settings: Settings) -> Iterator[_Problem]:
    if settings.checked:
        return
    if settings.twilio_validate:
        why = "there is neither TWILIO_AUTH_TOKEN nor TWILIO_SHARED_KEY to check Twilio's signatures with"
        hint = "Set TWILIO_AUTH_TOKEN (Twilio console, account page), or stay on HOST=127.0.0.1 without PUBLIC_URL."
    else:
        why = "TWILIO_VALIDATE=false leaves Twilio's signatures unchecked"
        hint = "Set TWILIO_VALIDATE=true and TWILIO_AUTH_TOKEN, or stay on HOST=127.0.0.1 without PUBLIC_URL."
    if not is_loopback(settings.host):
        yield _Problem("HOST", f"HOST {settings.host} is refused: {why}.", hint)
    if settings.public_url:
        yield _Problem("PUBLIC_URL", f"PUBLIC_URL is refused: {why}.", hint)


def _provider_rules(settings: Settings) -> Iterator[_Problem]:
    match settings.realtime_provider:
        case "openai":
            if is_below(settings.openai_realtime_url, "openai.com") and not settings.openai_api_key:
                hint = "Make a key at https://platform.openai.com/api-keys, or answer offline: twilio-rt serve --local."
                yield _Problem("OPENAI_API_KEY", "OPENAI_API_KEY is missing.", hint)
        case "azure":
            hint = "REALTIME_PROVIDER=azure needs AZURE_OPENAI_URL and AZURE_OPENAI_API_KEY of your resource."
            if not settings.azure_openai_url:
                yield _Problem("AZURE_OPENAI_URL", "AZURE_OPENAI_URL is missing.", hint)
            if not settings.azure_openai_api_key:
                yield _Problem("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_API_KEY is missing.", hint)
        case "local":
            pass
