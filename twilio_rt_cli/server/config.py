"""What the server needs to know, as plain values: `settings/parts.py` makes them of the settings."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the server listens, whom it believes, and how long it waits for what."""

    host: str = "127.0.0.1"
    port: int = 5001
    """0 takes a free one"""
    public_url: str | None = None
    """the origin Twilio reaches us at; None: our loopback address"""
    limit_concurrency: int = 1000
    """calls at once"""
    backlog: int = 2048
    keep_alive_s: int = 5
    """how long an idle HTTP connection stays open"""
    ping_interval_s: float = 30.0
    ping_timeout_s: float = 30.0
    max_message_bytes: int = 1_048_576
    """largest message on a media socket"""
    auth_token: str | None = field(default=None, repr=False)
    shared_key: str | None = field(default=None, repr=False)
    account_sid: str | None = None
    """requests of another account are refused; None: any account"""
    validate: bool = True
    """False: no signature check, and a bare `/media-stream` is accepted"""
    fallback_message: str
    """what a caller hears when the model is away"""
    busy_message: str
    """what a caller hears who is not let in"""
    drain_s: float = 600.0
    """how long a stopping server lets calls go on; 0: the first signal ends them"""
    start_timeout_s: float = 5.0
    """from 101 until `start` must have come"""
    token_ttl_s: float = 60.0
    """from the webhook's answer until the media socket must have come"""
    late_stream_s: float = 10.0
    """the same, for webhooks answered before a drain"""
    tail_s: float = 5.0
    """from the end of a stream until `/stream-ended` must have been asked"""
    header_timeout_s: float = 10.0
    """for the head of a request, and again for its body"""

    @property
    def checked(self) -> bool:
        """Whether signatures are checked. If not, only requests to a loopback Host are served."""
        return self.validate and bool(self.auth_token or self.shared_key)

    @property
    def bare_stream(self) -> bool:
        """Whether a media socket without token is taken."""
        return not self.validate
