"""What ngrok says, in words: the right class, and never the token."""

import pytest

from twilio_rt_cli.errors import ServiceError, TwilioRtError, UnreachableError
from twilio_rt_cli.tunnel.config import TunnelConfig
from twilio_rt_cli.tunnel.failures import failure, redacted

CONFIG = TunnelConfig(port=5001, authtoken="2abcSECRETsecretSECRET")
NO_ROUTE = 'failed to dial ngrok server with address "connect.ngrok-agent.com:443": lookup: no such host'


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (NO_ROUTE, UnreachableError, f"ngrok cannot open a tunnel: {NO_ROUTE}"),
        ("", UnreachableError, "ngrok cannot open a tunnel: it ended without a word"),
        ("ERROR:  Error reading configuration file: x", ServiceError, "ngrok cannot start: ERROR: Error reading"),
        ("no way\r\n\r\nERR_NGROK_9999\r\n", ServiceError, "ngrok refuses: no way ERR_NGROK_9999"),
    ],
)
def test_what_has_no_words_of_its_own_is_quoted(said: str, kind: type[TwilioRtError], message: str) -> None:
    error = failure(said, CONFIG)
    assert isinstance(error, kind)
    assert error.message.startswith(message)
    assert error.hint


@pytest.mark.parametrize("said", ["Your authtoken: 2abcSECRETsecretSECRET", "Your authtoken: 2xyzSECRETofAnother"])
def test_the_token_is_never_quoted(said: str) -> None:
    assert redacted(f"{said}\r\n\r\nERR_NGROK_9999", CONFIG) == "Your authtoken: •••• ERR_NGROK_9999"


def test_a_long_answer_is_cut() -> None:
    assert len(redacted("word " * 1000, CONFIG)) == 301
