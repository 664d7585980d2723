import pytest

from twilio_rt_cli.protocol.origin import Origin, is_below, is_loopback, is_loopback_host, is_loopback_url, origin_text


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


OURS = ["localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"]
NOT_OURS = [
    "",
    "evil.example",
    "127.0.0.1.evil.example",
    "127.evil.example",
    "localhost.evil.example",
    "evil.example.localhost",
    "notlocalhost",
    "127.0.0.1.",
    "localhost.",
    "127.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "128.0.0.1",
    "10.0.0.1",
    "0.0.0.0",
    "::",
    "::1.evil.example",
    "::ffff:10.0.0.1",
    "[::1]",
    "\uff11\uff12\uff17.0.0.1",
    "127.0.0.1 ",
]


def named(host: str) -> str:
    """The host as URLs write it."""
    return f"[{host}]" if ":" in host else host


@pytest.mark.parametrize("host", OURS)
def test_our_own_machine_is_known_by_name_and_in_a_url(host: str) -> None:
    assert is_loopback(host)
    for url in (f"http://{named(host)}", f"ws://{named(host)}:5001/a?b#c", f"https://evil.example@{named(host)}/"):
        assert is_loopback_url(url), url


@pytest.mark.parametrize("host", NOT_OURS)
def test_no_other_name_is_taken_for_our_own_machine(host: str) -> None:
    assert not is_loopback(host)
    if host != "[::1]":  # in a URL it is right
        assert not is_loopback_url(f"http://{named(host)}:5001/x")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1:80@evil.example:80/x",
        "http://evil.example/@127.0.0.1",
        "http://evil.example?@127.0.0.1",
        "http://evil.example#@127.0.0.1",
        "http://evil.example\\@127.0.0.1",
        "http://[::1].evil.example",
        "http://[::1]evil.example/x",
        "http://[127.0.0.1",
        "http://127.0.0.1\t.evil.example",
        "http:127.0.0.1",
        "127.0.0.1",
        "",
    ],
)
def test_a_url_that_only_looks_like_our_own_machine_is_elsewhere(url: str) -> None:
    assert not is_loopback_url(url)


def test_plain_http_is_for_our_own_machine_alone() -> None:
    assert origin_text("http://[::1]:5001") == "http://[::1]:5001"
    for host in (*NOT_OURS[1:7], "[::1].evil.example"):
        with pytest.raises(ValueError, match="must begin with"):
            origin_text(f"http://{host}")
    with pytest.raises(ValueError, match="is not a URL"):
        origin_text("https://[::1].evil.example")


@pytest.mark.parametrize("url", ["wss://api.openai.com/v1", "wss://OPENAI.com", "wss://eu.api.openai.com.:443/v1?x"])
def test_a_domain_has_what_is_below_it(url: str) -> None:
    assert is_below(url, "openai.com")


@pytest.mark.parametrize(
    "url", ["wss://notopenai.com", "wss://openai.com.evil.example", "wss://api.openai.com@evil.example", "wss:///x"]
)
def test_and_nothing_that_only_reads_like_it(url: str) -> None:
    assert not is_below(url, "openai.com")


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
