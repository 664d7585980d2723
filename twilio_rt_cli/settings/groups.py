"""Every setting, in groups: its name, its type, its default, and in the docstring below it what it means.

A field has the name of its environment variable, in small letters, from here to its last reader. It is written here and
nowhere else by hand: `.env.example`, the reference and the options of `serve` (those with a `Flag`) are made of it. The
groups are in the order in which problems are told; secrets come first, since HOST's default depends on them.

They are read by `settings/loading.py` and passed down group by group, or as plain values by `settings/parts.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from twilio_rt_cli.agents.sample.appointments import GREETING
from twilio_rt_cli.settings.fields import Flag
from twilio_rt_cli.settings.types import (
    UNQUOTED,
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


def _default_host(given: Mapping[str, Any]) -> str:
    has_secret = given.get("twilio_auth_token") or given.get("twilio_shared_key")
    return "0.0.0.0" if has_secret and given.get("twilio_validate", True) else "127.0.0.1"


def _default_greeting(given: Mapping[str, Any]) -> str:
    if given.get("prompt_file"):
        return "Hello, how can I help you?"  # the sample's greeting names the sample's business
    return GREETING


class Group(BaseModel):
    """Settings that belong together; its docstring is their heading. Checked as one with the others, not alone."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, defer_build=True)


class TwilioSettings(Group):
    """Twilio"""

    twilio_account_sid: AccountSidText | None = None
    """Account SID (AC…); requests of another account are refused"""
    twilio_auth_token: Secret | None = None
    """auth token of the account; checks the signatures of its requests"""
    twilio_shared_key: Secret | None = None
    """secret of an account that signs by SharedKey (HMAC-SHA256)"""
    twilio_api_key: Annotated[str, UNQUOTED] = ""
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

    @property
    def checked(self) -> bool:
        """Whether the signatures of Twilio's requests are checked."""
        return self.twilio_validate and bool(self.twilio_auth_token or self.twilio_shared_key)


class ServerSettings(Group):
    """Server"""

    host: Annotated[Host, Flag("ADDRESS")] = Field(default_factory=_default_host)
    """where the server listens; without a Twilio secret the default is 127.0.0.1, and only loopback is allowed"""
    port: Annotated[int, Flag("N")] = Field(default=5001, ge=0, le=65535)
    """port of the server; 0 takes a free one"""
    public_url: Annotated[Origin | None, Flag("ORIGIN")] = None
    """the origin Twilio reaches us at (https; http for loopback only, streams are then ws://)"""
    limit_concurrency: Annotated[Count, Flag("N")] = 1000
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
    drain_seconds: Annotated[float, Flag("S")] = Field(default=600, ge=0, allow_inf_nan=False)
    """seconds that a stopping server lets calls go on; not set: 30 with serve --tunnel"""
    reload: Annotated[bool, Flag()] = False
    """restart on code change (development); not together with a tunnel or a number"""
    admin_host: Host = "127.0.0.1"
    """where the admin port listens"""
    admin_port: int = Field(default=5002, ge=0, le=65535)
    """the admin port; 0 takes a free one; busy: the next free one, said at start"""


class TunnelSettings(Group):
    """The tunnel"""

    ngrok_authtoken: Secret | None = None
    """token of the ngrok account, for serve --tunnel and tunnel"""
    ngrok_url: Origin | None = None
    """fixed domain of the ngrok account (https://…); not set: a random one"""
    ngrok_api_url: HttpUrl = "http://127.0.0.1:4040"
    """where an ngrok agent that already runs answers"""


class RecordSettings(Group):
    """Records"""

    records: bool = True
    """keep a record of each call"""
    records_dir: Path | None = None
    """where records are kept, for this user alone; not set: records in the per-user state folder"""
    records_days: int = Field(default=30, ge=0)
    """days after which records and recordings are deleted; 0: never"""
    record_audio: bool = False
    """a stereo recording of every call, caller left, agent as heard right; the law mostly demands consent"""


class LogSettings(Group):
    """Logs"""

    log_level: Annotated[LogLevel, Flag("LEVEL")] = "info"
    """how much is logged: debug, info, warning, error or critical"""
    log_format: Annotated[LogFormat | None, Flag("FORMAT")] = None
    """how log lines look: pretty, logfmt or json; not set: pretty on a terminal, logfmt elsewhere"""
    show_numbers: bool = False
    """phone numbers in full instead of their last four digits"""


class ModelSettings(Group):
    """The model"""

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
    openai_model: Annotated[str, Flag("NAME")] = "gpt-realtime-2.1"
    """the realtime model; with azure the name of your deployment"""
    openai_voice: Annotated[str, Flag("NAME")] = "marin"
    """the agent's voice"""


class HearingSettings(Group):
    """Hearing the caller"""

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


class AgentSettings(Group):
    """The agent"""

    prompt_file: Annotated[Path | None, Flag("FILE")] = None
    """markdown file with the agent's instructions; not set: the bundled sample"""
    greeting: Annotated[str, Flag("TEXT")] = Field(default_factory=_default_greeting)
    """what the agent says first; empty: it waits for the caller"""
    tools: Annotated[str, Flag("NAMES")] = "sample"
    """Python files or modules with @tool functions, separated by commas; sample: the bundled one; empty: none"""
    max_call_seconds: Seconds = 3600
    """hard end of a call"""
    fallback_message: str = "I'm sorry, we can't take your call right now. Please try again in a few minutes. Goodbye."
    """what a caller hears when the model is away"""
    busy_message: str = "All our lines are busy at the moment. Please try again in a few minutes. Goodbye."
    """what a caller hears when the line is full, a limit of the day is reached, or we are stopping"""


class LimitSettings(Group):
    """Who may call, and how much in a day"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person can set."""

    twilio: TwilioSettings
    server: ServerSettings
    tunnel: TunnelSettings
    records: RecordSettings
    log: LogSettings
    model: ModelSettings
    hearing: HearingSettings
    agent: AgentSettings
    limits: LimitSettings

    def having(self, **changes: object) -> "Settings":
        """The same but for these, which are not checked."""
        changed: dict[str, Any] = {}
        for name, group in GROUPS.items():
            if ours := {field: value for field, value in changes.items() if field in group.model_fields}:
                changed[name] = getattr(self, name).model_copy(update=ours)
        return replace(self, **changed)


GROUPS: Mapping[str, type[Group]] = get_type_hints(Settings)
FIELDS: Mapping[str, FieldInfo] = {
    name: field for group in GROUPS.values() for name, field in group.model_fields.items()
}
"""every setting by its name, in small letters"""


def setting_names() -> list[str]:
    """Every setting, as the environment names it."""
    return [name.upper() for name in FIELDS]
