"""What `call-test` was asked to do, checked before anything rings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from twilio_rt_cli.audio import wav
from twilio_rt_cli.caller.behaviour import Patience
from twilio_rt_cli.errors import SettingsError

Mode = Literal["local", "bridge", "stream", "phone"]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the calls must hold to."""

    expect: tuple[str, ...] = ()
    max_first_audio_ms: float | None = None
    max_v2v_ms: float | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class CallTestOptions:
    """The command line of `call-test`."""

    url: str | None = None
    say: tuple[str, ...] = ()
    audio: tuple[Path, ...] = ()
    dtmf: str | None = None
    barge_in: bool = False
    calls: int = 1
    duration_s: float | None = None
    record: Path | None = None
    expectations: Expectations = Expectations()
    loss_percent: float = 0.0
    jitter_ms: float = 0.0
    latency_ms: float = 0.0
    seed: int = 0
    sign_as: str | None = None
    junit: Path | None = None
    json: bool = False
    patience: Patience = field(default_factory=Patience)
    """no option: the caller is as patient as people are"""

    @property
    def mode(self) -> Mode:
        """Everything on this machine, a bridge's webhook, or a media server."""
        if self.url is None:
            return "local"
        return "stream" if urlsplit(self.url).scheme in {"ws", "wss"} else "bridge"

    @property
    def needs_voice(self) -> bool:
        """Whether the test makes no sense without the offline voice and recogniser."""
        return self.mode == "local" or bool(self.say or self.expectations.expect)

    def recording(self, call: int) -> Path | None:
        """Where a call's recording goes: the file itself, or one a call when there are several."""
        if self.record is None or self.calls == 1:
            return self.record
        return self.record.with_name(f"{self.record.stem}-{call}{self.record.suffix}")

    def check(self) -> None:
        """Raises SettingsError for what cannot be done."""
        if self.url is not None:
            _check_url(self.url)
        if self.sign_as is not None:
            self._check_origin(self.sign_as)
        if self.dtmf is not None and (not self.dtmf or set(self.dtmf) - set("0123456789*#ABCD")):
            raise SettingsError(f"--dtmf {self.dtmf!r} is not a row of telephone keys.", hint="Keys are 0-9, * and #.")
        for option, path in (("--record", self.record), ("--junit", self.junit)):
            if path is not None and not path.absolute().parent.is_dir():
                raise SettingsError(f"{option}: there is no folder {path.parent}.", hint="Make it, or name another.")
            if path is not None and path.is_dir():
                raise SettingsError(f"{option}: {path} is a folder, not a file.")
        for path in self.audio:
            read_audio(path)
        for text in (*self.say, *self.expectations.expect):
            if not text.strip():
                raise SettingsError("--say and --expect need words.")

    def _check_origin(self, origin: str) -> None:
        parts = urlsplit(origin)
        hint = "It is the public origin of the bridge: --sign-as https://bridge.example"
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
            raise SettingsError(f"--sign-as {origin!r} is not an origin.", hint=hint)
        if self.url is None:
            raise SettingsError("--sign-as needs the URL of a bridge to connect to.", hint=hint)


def read_audio(path: Path) -> bytes:
    """The µ-law audio of a WAV file. Raises SettingsError when it cannot be read."""
    hint = "--audio takes a WAV file."
    try:
        return wav.read_mulaw(path)
    except OSError as error:
        raise SettingsError(f"--audio: {path} cannot be read ({error.strerror}).", hint=hint) from error
    except ValueError as error:
        raise SettingsError(f"--audio: {error}.", hint=hint) from error


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.scheme not in {"http", "https", "ws", "wss"}:
        raise SettingsError(
            f"{url!r} cannot be called.", hint="Give http(s)://… of a bridge, ws(s)://… of a media server, or nothing."
        )
