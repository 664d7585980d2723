"""Settings: where they come from, and what is refused and in which words."""

import pickle
from pathlib import Path

import pytest

from twilio_rt_cli.agents.prompt import prompt_text
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.protocol.origin import is_loopback
from twilio_rt_cli.settings.groups import FIELDS
from twilio_rt_cli.settings.loading import bare_settings, load_settings, load_some

KEY = "sk-proj-0123456789abcdefghij"
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "0" * 32


@pytest.fixture(autouse=True)
def empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting in the environment, and no .env."""
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(**flags: object) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings(**flags)
    return caught.value


def test_a_flag_wins_over_the_environment_over_dot_env_over_the_default(
    monkeypatch: pytest.MonkeyPatch, empty_place: Path
) -> None:
    assert bare_settings(openai_api_key=KEY).server.port == 5001
    (empty_place / ".env").write_text("PORT=1\nOPENAI_VOICE=cedar\nOPENAI_API_KEY=" + KEY)
    assert load_settings().server.port == 1
    monkeypatch.setenv("PORT", "2")
    assert load_settings().server.port == 2
    assert load_settings(port=3).server.port == 3
    assert load_settings(port=None).model.openai_voice == "cedar"


def test_bare_settings_read_neither_the_environment_nor_dot_env(
    monkeypatch: pytest.MonkeyPatch, empty_place: Path
) -> None:
    (empty_place / ".env").write_text("PORT=1\n")
    monkeypatch.setenv("OPENAI_VOICE", "cedar")
    settings = bare_settings(realtime_provider="local")
    assert (settings.server.port, settings.model.openai_voice) == (5001, "marin")


def test_a_command_that_needs_some_settings_does_not_mind_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAD_THRESHOLD", "loud")
    monkeypatch.setenv("PORT", "6001")
    settings = load_some({"port", "twilio_api_url"})  # nor that OPENAI_API_KEY is missing
    assert (settings.server.port, settings.hearing.vad_threshold) == (6001, 0.5)
    monkeypatch.setenv("TWILIO_API_URL", "nonsense")
    with pytest.raises(SettingsError, match=r"^TWILIO_API_URL is not a URL[^\n]*$"):
        load_some({"port", "twilio_api_url"})


def test_an_empty_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", " ")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "")
    settings = load_settings(realtime_provider="local")
    assert (settings.server.port, settings.twilio.twilio_auth_token) == (5001, None)


@pytest.mark.parametrize("name", ["greeting", "tools", "transcription_model"])
def test_an_empty_value_has_a_meaning_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name.upper(), "")
    settings = load_settings(realtime_provider="local")
    taken = settings.hearing if name == "transcription_model" else settings.agent
    assert getattr(taken, name) == ""


def test_blanks_around_a_pasted_secret_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    key = load_settings().model.openai_api_key
    assert key is not None
    assert key.get_secret_value() == KEY


def test_every_problem_is_told_at_once_each_in_a_sentence() -> None:
    error = refused(
        port=70_000,
        log_level="loud",
        max_call_seconds=0,
        limit_concurrency="many",
        vad_threshold="nan",
        twilio_validate="perhaps",
        public_url="https://x.example/path",
    )
    assert error.message.splitlines() == [
        "TWILIO_VALIDATE must be true or false, not 'perhaps'.",
        "PORT must be at most 65535, not 70000.",
        "PUBLIC_URL must be an origin, https://host or https://host:port, without a path.",
        "LIMIT_CONCURRENCY must be a whole number, not 'many'.",
        "LOG_LEVEL must be debug, info, warning, error or critical, not 'loud'.",
        "VAD_THRESHOLD must be at most 1, not 'nan'.",
        "MAX_CALL_SECONDS must be more than 0, not 0.",
        "OPENAI_API_KEY is missing.",
    ]
    assert "environment or .env" in error.hint
    assert "serve --local" in error.hint


def test_a_secret_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    error = refused(public_url=f"https://user:{TOKEN}@x.example", twilio_account_sid=TOKEN)
    assert TOKEN not in error.message + error.hint
    settings = load_settings()
    assert TOKEN not in repr(settings) + str(settings)
    assert KEY not in repr(settings) + str(settings)


def test_a_dot_env_that_is_no_text_is_told_in_a_sentence(empty_place: Path) -> None:
    (empty_place / ".env").write_bytes(b"PORT=\xff\xfe")
    assert refused().message.startswith(".env cannot be read")


# Who may call


def test_lists_of_callers_that_name_nobody_are_told_with_what_is_wrong() -> None:
    error = refused(openai_api_key=KEY, allow_callers="+14155550199, anna", block_callers="*", caller_calls_per_day=-1)
    rule = "must be callers separated by commas: numbers like +14155550100, beginnings like +1900*, or anonymous"
    assert error.message.splitlines() == [
        "CALLER_CALLS_PER_DAY must be at least 0, not -1.",
        f"ALLOW_CALLERS {rule}; 'anna' is none of these.",
        f"BLOCK_CALLERS {rule}; '*' is none of these.",
    ]
    assert "14155550199" not in error.message


def test_lists_of_callers_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCK_CALLERS", "+1900*, anonymous")
    monkeypatch.setenv("COST_USD_PER_DAY", "12.50")
    settings = load_settings(openai_api_key=KEY)
    assert (settings.limits.block_callers, settings.limits.cost_usd_per_day) == ("+1900*, anonymous", 12.5)
    assert (settings.limits.allow_callers, settings.limits.calls_per_day, settings.limits.minutes_per_day) == ("", 0, 0)


# HOST and signatures


def test_without_a_twilio_secret_the_default_host_is_loopback() -> None:
    assert load_settings(openai_api_key=KEY).server.host == "127.0.0.1"
    assert load_settings(openai_api_key=KEY, twilio_auth_token=TOKEN).server.host == "0.0.0.0"
    assert load_settings(openai_api_key=KEY, twilio_shared_key=TOKEN).server.host == "0.0.0.0"
    assert (
        load_settings(openai_api_key=KEY, twilio_auth_token=TOKEN, twilio_validate="false").server.host == "127.0.0.1"
    )


@pytest.mark.parametrize("unchecked", [{}, {"twilio_auth_token": TOKEN, "twilio_validate": "false"}])
def test_unchecked_refuses_another_host_and_a_public_url(unchecked: dict[str, str]) -> None:
    error = refused(openai_api_key=KEY, host="0.0.0.0", public_url="https://x.example", **unchecked)
    told = error.message.splitlines()
    assert told[0].startswith("HOST 0.0.0.0 is refused: ")
    assert told[1].startswith("PUBLIC_URL is refused: ")
    assert ("TWILIO_VALIDATE=false" in told[0]) is bool(unchecked)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.2", "::1", "[::1]"])
def test_unchecked_takes_a_loopback_host(host: str) -> None:
    assert is_loopback(load_settings(openai_api_key=KEY, host=host).server.host)


def test_checked_means_a_secret_and_no_opt_out() -> None:
    assert load_settings(openai_api_key=KEY, twilio_auth_token=TOKEN, public_url="https://x.example").twilio.checked
    assert not load_settings(openai_api_key=KEY, twilio_auth_token=TOKEN, twilio_validate=False).twilio.checked
    assert not load_settings(openai_api_key=KEY).twilio.checked


@pytest.mark.parametrize("host", ["a b", "http://x", "x/y", "127.0.0.1:5001", ""])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    if not host:  # not set
        assert load_settings(openai_api_key=KEY, host=host).server.host == "127.0.0.1"
        return
    assert refused(openai_api_key=KEY, host=host).message.startswith("HOST must be a host name or an IP address")


# PUBLIC_URL


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://Bridge.Example.COM", "https://bridge.example.com"),
        ("https://bridge.example.com/", "https://bridge.example.com"),
        ("HTTPS://bridge.example.com:8443/", "https://bridge.example.com:8443"),
        ("http://localhost:5001", "http://localhost:5001"),
        ("http://[::1]:5001/", "http://[::1]:5001"),
    ],
)
def test_public_url_becomes_an_origin(given: str, origin: str) -> None:
    assert load_settings(openai_api_key=KEY, twilio_auth_token=TOKEN, public_url=given).server.public_url == origin


@pytest.mark.parametrize(
    "given",
    [
        "http://bridge.example.com",
        "https://bridge.example.com/twilio",
        "https://bridge.example.com?x=1",
        "https://bridge.example.com/?",
        "https://bridge.example.com#x",
        "https://user@bridge.example.com",
        "https://bridge.example.com:99999",
        "https://bridge example.com",
        "wss://bridge.example.com",
        "bridge.example.com",
        "https://",
    ],
)
def test_public_url_is_nothing_but_an_https_origin(given: str) -> None:
    error = refused(openai_api_key=KEY, twilio_auth_token=TOKEN, public_url=given)
    assert error.message.startswith("PUBLIC_URL ")
    assert len(error.message.splitlines()) == 1


def test_what_is_no_url_is_told_how_one_begins() -> None:
    error = refused(openai_api_key=KEY, twilio_auth_token=TOKEN, public_url="bridge.example.com/foo")
    assert error.message == "PUBLIC_URL is not a URL: it must begin with https://, without a path."


# Who answers


@pytest.mark.parametrize(
    ("url", "needs_key"),
    [
        ("wss://api.openai.com/v1/realtime", True),
        ("wss://eu.api.openai.com/v1/realtime", True),
        ("ws://127.0.0.1:8765/v1/realtime", False),
        ("wss://realtime.example.com/v1/realtime", False),
        ("wss://notopenai.com/v1/realtime", False),
    ],
)
def test_openai_needs_its_key_and_another_server_does_not(url: str, needs_key: bool) -> None:
    if needs_key:
        assert refused(openai_realtime_url=url).message == "OPENAI_API_KEY is missing."
        return
    assert load_settings(openai_realtime_url=url).model.openai_api_key is None


def test_azure_needs_its_two() -> None:
    told = refused(realtime_provider="azure").message.splitlines()
    assert told == ["AZURE_OPENAI_URL is missing.", "AZURE_OPENAI_API_KEY is missing."]
    url = "wss://me.openai.azure.com/openai/v1/realtime"
    assert load_settings(realtime_provider="Azure", azure_openai_url=url, azure_openai_api_key=KEY)


@pytest.mark.parametrize("url", ["https://api.openai.com/v1/realtime", "wss://", "wss://x/#y", "wss://u:p@x/"])
def test_a_realtime_url_is_a_websocket_address(url: str) -> None:
    assert refused(openai_api_key=KEY, openai_realtime_url=url).message.startswith("OPENAI_REALTIME_URL ")


# The agent


def test_the_prompt_is_the_file_or_the_bundled_sample(tmp_path: Path) -> None:
    file = tmp_path / "prompt.md"
    file.write_text("Be brief — né?", encoding="utf-8")
    assert prompt_text(file) == "Be brief — né?"
    assert len(prompt_text(None)) > 500


def test_a_prompt_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    assert refused(openai_api_key=KEY, prompt_file="gone.md").message == "PROMPT_FILE: there is no file gone.md."
    assert "cannot be read (Is a directory)" in refused(openai_api_key=KEY, prompt_file=tmp_path).message
    (tmp_path / "latin.md").write_bytes(b"caf\xe9")
    assert "it is not UTF-8 text" in refused(openai_api_key=KEY, prompt_file="latin.md").message


def test_the_samples_greeting_goes_with_the_samples_prompt_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("Be brief.")
    sample = load_settings(openai_api_key=KEY).agent.greeting
    mine = load_settings(openai_api_key=KEY, prompt_file="mine.md").agent.greeting
    assert "Copper Wheel" in sample
    assert mine == "Hello, how can I help you?"
    assert load_settings(openai_api_key=KEY, prompt_file="mine.md", greeting="Hi.").agent.greeting == "Hi."


def test_settings_survive_the_way_to_another_process() -> None:
    settings = load_settings(openai_api_key=KEY, port=7)
    assert pickle.loads(pickle.dumps(settings)) == settings  # our own bytes
