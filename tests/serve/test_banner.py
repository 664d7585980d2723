"""What a person reads when the server starts."""

from twilio_rt_cli import __version__
from twilio_rt_cli.serve.banner import Banner
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.loading import bare_settings

URL = "http://127.0.0.1:5001"
KEY = "sk-proj-0123456789abcdef9f2a"


def banner(settings: Settings, width: int | None = None) -> list[str]:
    return Banner(settings.server, settings.twilio, settings.model, URL).lines(width)


def test_everything_a_person_wants_to_know() -> None:
    settings = bare_settings(
        openai_api_key=KEY, twilio_auth_token="0" * 32, public_url="https://bridge.example.com", drain_seconds=30
    )
    assert banner(settings) == [
        f"twilio-rt {__version__}",
        "  answers     gpt-realtime-2.1, voice marin, at api.openai.com, key sk-proj-…9f2a",
        "  listens     0.0.0.0:5001 (all interfaces)",
        "  webhook     https://bridge.example.com/incoming-call",
        "  signatures  checked",
        "  stop        Ctrl-C lets calls finish (at most 30 s), a second Ctrl-C ends them",
        "",
    ]


def test_unchecked_is_said_plainly_and_why() -> None:
    told = "\n".join(banner(bare_settings(openai_api_key=KEY)))
    assert "  webhook     http://127.0.0.1:5001/incoming-call\n" in told
    assert "  signatures  NOT checked (there is no TWILIO_AUTH_TOKEN): only this machine can call\n" in told
    opted_out = bare_settings(openai_api_key=KEY, twilio_auth_token="0" * 32, twilio_validate=False)
    assert "NOT checked (TWILIO_VALIDATE is false)" in "\n".join(banner(opted_out))


def test_the_offline_engine_says_what_it_is() -> None:
    told = banner(bare_settings(realtime_provider="local", drain_seconds=0))
    assert told[1] == "  answers     the offline engine (a voice and rules, no model)"
    assert told[-2] == "  stop        Ctrl-C"


def test_azure_names_its_resource() -> None:
    settings = bare_settings(
        realtime_provider="azure",
        azure_openai_url="wss://me.openai.azure.com/openai/v1/realtime",
        azure_openai_api_key="short",
        openai_model="my-deployment",
    )
    assert banner(settings)[1] == ("  answers     my-deployment, voice marin, at me.openai.azure.com, key ••••")


def test_checked_against_loopback_is_said_to_refuse_twilio() -> None:
    settings = bare_settings(openai_api_key=KEY, twilio_auth_token="0" * 32, host="127.0.0.1")
    doubt = "checked against http://127.0.0.1:5001, so Twilio's calls would be refused: add --tunnel, or set PUBLIC_URL"
    assert f"  signatures  {doubt}" in banner(settings)
    assert "  listens     http://127.0.0.1:5001" in banner(settings)


def test_an_address_of_one_interface_is_shown_as_set() -> None:
    settings = bare_settings(openai_api_key=KEY, twilio_auth_token="0" * 32, host="192.0.2.7")
    assert "  listens     http://192.0.2.7:5001" in banner(settings)


def test_on_a_narrow_terminal_words_wrap_under_the_text() -> None:
    lines = banner(bare_settings(openai_api_key=KEY), width=60)
    assert max(map(len, lines)) <= 60
    assert lines[-3:-1] == [
        "  stop        Ctrl-C lets calls finish (at most 600 s), a",
        "              second Ctrl-C ends them",
    ]
