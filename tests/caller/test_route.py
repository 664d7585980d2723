from twilio_rt_cli.caller.route import Destination, Route, Signer, resolve
from twilio_rt_cli.protocol.signature import Verifier


def test_without_another_name_urls_are_dialled_as_they_are() -> None:
    route = Route.to("http://127.0.0.1:5001/incoming-call")

    assert route.name("http://127.0.0.1:5001/incoming-call?a=1") == "http://127.0.0.1:5001/incoming-call?a=1"
    assert route.destination("http://127.0.0.1:5001/x") == Destination("http://127.0.0.1:5001/x", "127.0.0.1", 5001)
    assert route.destination("ws://127.0.0.1:5001/m/t") == Destination("ws://127.0.0.1:5001/m/t", "127.0.0.1", 5001)


def test_a_public_name_is_signed_and_the_target_dialled() -> None:
    route = Route.to("http://127.0.0.1:5001", "https://bridge.example")

    assert route.name("http://127.0.0.1:5001/incoming-call") == "https://bridge.example/incoming-call"
    assert route.destination("https://bridge.example/tail") == Destination(
        "http://bridge.example/tail", "127.0.0.1", 5001
    )
    assert route.destination("wss://Bridge.Example/m/t") == Destination("ws://Bridge.Example/m/t", "127.0.0.1", 5001)


def test_a_media_server_is_named_as_a_websocket() -> None:
    route = Route.to("ws://127.0.0.1:9/media", "https://bridge.example")

    assert route.name("ws://127.0.0.1:9/media") == "wss://bridge.example/media"
    assert route.destination("wss://bridge.example/media") == Destination("ws://bridge.example/media", "127.0.0.1", 9)


def test_another_origin_is_dialled_as_twiml_names_it() -> None:
    route = Route.to("http://127.0.0.1:5001", "https://bridge.example")

    assert route.destination("wss://other.example/m") == Destination("wss://other.example/m", "other.example", 443)
    assert route.destination("http://other.example/x").address == "other.example:80"


def test_references_are_relative_to_their_document() -> None:
    assert resolve("https://h/a/b?c", "/tail") == "https://h/tail"
    assert resolve("https://h/a/b", "") == "https://h/a/b"


def test_what_is_signed_verifies_and_without_a_secret_nothing_is() -> None:
    form = (("CallSid", "CA1"), ("From", ""))
    headers = Signer("secret").headers("https://h/x", form)

    assert Verifier("secret").verify_form("https://h/x", form, headers["X-Twilio-Signature"])
    assert Signer().headers("https://h/x", form) == {}
    assert Signer("").headers("https://h/x", form) == {}
