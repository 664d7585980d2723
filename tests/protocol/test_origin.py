import pytest

from twilio_rt_cli.protocol.origin import Origin, is_loopback_host


@pytest.mark.parametrize(
    "header", ["localhost", "LOCALHOST:5001", "127.0.0.1", "127.0.0.1:80", "127.8.9.1", "[::1]:5001"]
)
def test_a_host_of_this_machine_is_loopback(header: str) -> None:
    assert is_loopback_host(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "10.0.0.1",
        "x:99999",
        "[::1",
        "::1",
    ],
)
def test_any_other_host_is_not(header: str | None) -> None:
    assert not is_loopback_host(header)


def test_the_public_url_comes_first_and_streams_are_secure_behind_https() -> None:
    origin = Origin.of("https://Voice.Example.com/", "http://127.0.0.1:5001")
    assert (origin.url, origin.websocket_url) == ("https://voice.example.com", "wss://voice.example.com")
    assert origin.spellings == ("https://voice.example.com",)
    assert origin.websocket_spellings == ("wss://voice.example.com",)


def test_the_names_of_a_loopback_origin_count_as_one() -> None:
    origin = Origin.of(None, "http://127.0.0.1:5001")
    assert origin.spellings == ("http://127.0.0.1:5001", "http://localhost:5001", "http://[::1]:5001")
    assert origin.websocket_spellings == ("ws://127.0.0.1:5001", "ws://localhost:5001", "ws://[::1]:5001")
    assert Origin.of("http://[::1]:80", "").spellings == (
        "http://[::1]:80",
        "http://127.0.0.1:80",
        "http://localhost:80",
    )
