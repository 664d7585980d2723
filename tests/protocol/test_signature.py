"""Signatures: Twilio's published vector, its own SDK as the judge, and what hostile requests get."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm  # type: ignore[import-untyped]

from tests.protocol.signing import with_body_hash
from twilio_rt_cli.protocol.signature import (
    SETTINGS_HEADER,
    SIGNATURE_HEADER,
    Algorithm,
    Verifier,
    headers_for,
    parse_form,
    sign,
)

TOKEN = "12345"
KEY = "a-shared-key"
SHA256 = f"key=webhooks_sharedkey_1,algorithm={Algorithm.HMAC_SHA256}"
FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
FORM_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
UPGRADE_URL = "wss://example.com/media-stream/tok"

token_only = Verifier(auth_token=TOKEN)
both_keys = Verifier(auth_token=TOKEN, shared_key=KEY)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests share the cores
hosts = st.sampled_from(["example.com", "a.b-c.example", "127.0.0.1", "localhost", "xn--bcher-kva.example"])
paths = st.text("abcXYZ019-._~%/", max_size=20).map(lambda path: "/" + path)
queries = st.one_of(st.just(""), st.text("abc019=&%+;:@/", min_size=1, max_size=20).map(lambda query: "?" + query))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def urls(draw: st.DrawFn, schemes: tuple[str, ...] = ("http", "https")) -> str:
    port = draw(st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}")))
    return f"{draw(st.sampled_from(schemes))}://{draw(hosts)}{port}{draw(paths)}{draw(queries)}"


class Fields(dict[str, list[str]]):
    """A multi-dict in the shape that the SDK reads."""

    def getall(self, name: str) -> list[str]:
        return self[name]

    @classmethod
    def of(cls, params: list[tuple[str, str]]) -> "Fields":
        fields = cls()
        for name, value in params:
            fields.setdefault(name, []).append(value)
        return fields


def test_twilios_published_vector() -> None:
    assert sign(TOKEN, FORM_URL, FORM) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert token_only.verify_form(FORM_URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


@unhurried
@given(urls(), st.lists(st.tuples(texts, texts), max_size=6), st.sampled_from(Algorithm))
def test_signs_as_the_sdk_does(url: str, params: list[tuple[str, str]], algorithm: Algorithm) -> None:
    theirs = RequestValidator(TOKEN).compute_signature(url, Fields.of(params), algorithm.value)
    assert sign(TOKEN, url, params, algorithm=algorithm) == theirs


@unhurried
@given(urls(), urls(), st.lists(st.tuples(texts, texts), max_size=4), st.sampled_from(["1", "2"]))
def test_form_verdict_is_the_sdks(signed: str, asked: str, params: list[tuple[str, str]], token: str) -> None:
    for url in (signed, asked):
        signature = sign(token, signed, params)
        theirs = RequestValidator("1").validate(url, Fields.of(params), signature)
        assert Verifier(auth_token="1").verify_form(url, params, signature) is bool(theirs)


@unhurried
@given(urls(("wss", "ws")), st.booleans())
def test_upgrade_verdict_is_the_sdks_for_a_url_with_its_port_or_as_signed(url: str, right: bool) -> None:
    signature = sign(TOKEN if right else "another", url)
    assert token_only.verify_upgrade(url, signature) is bool(RequestValidator(TOKEN).validate(url, {}, signature))


@unhurried
@given(urls(), st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.booleans())
def test_json_verdict_is_the_sdks(url: str, body: str, changed: bool) -> None:
    signed = with_body_hash(url, body.encode())
    signature = sign(TOKEN, signed)
    sent = body + "x" if changed else body
    theirs = bool(RequestValidator(TOKEN).validate(signed, sent, signature))
    assert token_only.verify_json(signed, sent.encode(), signature) is theirs is not changed


@unhurried
@given(st.text("key=,algorithmHMAC_SHA1256 hs", max_size=60))
def test_a_settings_header_never_lets_in_what_the_sdk_refuses(header: str) -> None:
    signature = sign(TOKEN, UPGRADE_URL, algorithm=Algorithm.HMAC_SHA1)
    theirs = RequestValidator(TOKEN).validate(UPGRADE_URL, {}, signature, get_signature_algorithm(header))
    assert theirs or not token_only.verify_upgrade(UPGRADE_URL, signature, header)


@pytest.mark.parametrize(
    ("told", "signed"),
    [
        ("https://example.com/in", "https://example.com:443/in"),
        ("https://example.com:443/in", "https://example.com/in"),
        ("http://example.com/in", "http://example.com:80/in"),
        ("http://example.com:80/in", "http://example.com/in"),
        ("https://example.com:8443/in", "https://example.com/in"),
        ("https://example.com", "https://example.com:443"),
        ("https://example.com?a=1", "https://example.com:443?a=1"),
    ],
)
def test_a_port_may_be_there_or_not(told: str, signed: str) -> None:
    assert token_only.verify_get(told, sign(TOKEN, signed))
    assert RequestValidator(TOKEN).validate(told, {}, sign(TOKEN, signed))


@pytest.mark.parametrize(
    ("told", "signed"),
    [
        ("wss://example.com/s", "wss://example.com:443/s"),
        ("wss://[2001:db8::1]/s", "wss://[2001:db8::1]:443/s"),
        ("wss://[2001:db8::1]:8443/s", "wss://[2001:db8::1]/s"),
        ("wss://user:pw@example.com:443/s", "wss://user:pw@example.com/s"),
        ("wss://user:pw@example.com/s", "wss://user:pw@example.com:443/s"),
    ],
)
def test_right_where_the_sdk_is_wrong_wss_443_ipv6_and_user_pw(told: str, signed: str) -> None:
    assert token_only.verify_upgrade(told, sign(TOKEN, signed))
    assert not RequestValidator(TOKEN).validate(told, {}, sign(TOKEN, signed))


def test_a_plain_socket_is_on_port_80() -> None:
    signature = sign(TOKEN, "ws://localhost:80/s")
    assert token_only.verify_upgrade("ws://localhost/s", signature)
    assert RequestValidator(TOKEN).validate("ws://localhost/s", {}, signature)


def test_right_where_the_sdk_is_wrong_wss_is_never_on_port_80() -> None:
    signature = sign(TOKEN, "wss://example.com:80/s")
    assert RequestValidator(TOKEN).validate("wss://example.com/s", {}, signature)
    assert not token_only.verify_upgrade("wss://example.com/s", signature)


@pytest.mark.parametrize("url", ["https://example.com/in?", "https://example.com/in#"])
def test_right_where_the_sdk_is_wrong_an_empty_query_or_fragment_stays(url: str) -> None:
    signature = sign(TOKEN, url)
    assert token_only.verify_get(url, signature)
    assert not RequestValidator(TOKEN).validate(url, {}, signature)


def test_form_fields_count_blank_repeated_and_in_any_order() -> None:
    body = b"b=2&a=&b=1&b=2&c=%2B+%C3%A9&d"
    params = parse_form(body)
    assert params == [("b", "2"), ("a", ""), ("b", "1"), ("b", "2"), ("c", "+ é"), ("d", "")]
    signature = sign(TOKEN, FORM_URL + "ab1b2c+ éd")
    assert token_only.verify_form(FORM_URL, params, signature)
    assert not token_only.verify_form(FORM_URL, [*params, ("e", "")], sign(TOKEN, FORM_URL, [*params, ("e", "1")]))


@unhurried
@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_form_bodies_read_back_what_was_written(params: list[tuple[str, str]]) -> None:
    assert parse_form(urlencode(params).encode()) == params


def test_a_changed_field_url_or_token_fails() -> None:
    signature = sign(TOKEN, FORM_URL, FORM)
    assert not token_only.verify_form(FORM_URL, [*FORM[:-1], ("To", "+18005551213")], signature)
    assert not token_only.verify_form(FORM_URL + "/", FORM, signature)
    assert not Verifier(auth_token="123456").verify_form(FORM_URL, FORM, signature)
    assert not token_only.verify_get(FORM_URL, signature)


def test_json_is_checked_by_the_hash_of_its_body() -> None:
    body = json.dumps({"a": 1}).encode()
    url = with_body_hash("https://example.com/in?x=1", body)
    signature = sign(TOKEN, url)
    assert url.startswith("https://example.com/in?x=1&bodySHA256=")
    assert token_only.verify_json(url, body, signature)
    assert not token_only.verify_json(url, body + b" ", signature)
    assert not token_only.verify_json(url, body, sign("another", url))


def test_json_without_one_body_hash_is_refused_although_its_url_is_signed() -> None:
    url = "https://example.com/in"
    assert not token_only.verify_json(url, b"{}", sign(TOKEN, url))
    twice = with_body_hash(with_body_hash(url, b"{}"), b"[]")
    assert not token_only.verify_json(twice, b"{}", sign(TOKEN, twice))


def test_an_upgrade_is_signed_as_wss_and_a_webhook_as_https() -> None:
    assert token_only.verify_upgrade(UPGRADE_URL, sign(TOKEN, UPGRADE_URL))
    as_https = UPGRADE_URL.replace("wss", "https")
    assert not token_only.verify_upgrade(as_https, sign(TOKEN, as_https))
    assert not token_only.verify_get(UPGRADE_URL, sign(TOKEN, UPGRADE_URL))


def test_shared_key_signatures_need_the_shared_key() -> None:
    signature = sign(KEY, FORM_URL, FORM, algorithm=Algorithm.HMAC_SHA256)
    assert both_keys.verify_form(FORM_URL, FORM, signature, SHA256)
    assert Verifier(shared_key=KEY).verify_form(FORM_URL, FORM, signature, SHA256)
    assert not token_only.verify_form(FORM_URL, FORM, signature, SHA256)
    assert not both_keys.verify_form(FORM_URL, FORM, signature)


def test_the_announcement_alone_picks_key_and_hash() -> None:
    def passes(secret: str, algorithm: Algorithm, header: str | None) -> bool:
        return both_keys.verify_upgrade(UPGRADE_URL, sign(secret, UPGRADE_URL, algorithm=algorithm), header)

    assert passes(TOKEN, Algorithm.HMAC_SHA1, None)
    assert passes(TOKEN, Algorithm.HMAC_SHA1, "")
    assert passes(TOKEN, Algorithm.HMAC_SHA1, "key=k")
    assert passes(TOKEN, Algorithm.HMAC_SHA1, "key=k, algorithm=hmac_sha1")
    assert passes(KEY, Algorithm.HMAC_SHA256, "algorithm = HMAC_SHA256 , key=k")
    assert not passes(TOKEN, Algorithm.HMAC_SHA256, SHA256)
    assert not passes(TOKEN, Algorithm.HMAC_SHA1, SHA256)
    assert not passes(KEY, Algorithm.HMAC_SHA1, SHA256)
    assert not passes(KEY, Algorithm.HMAC_SHA1, None)


@pytest.mark.parametrize(
    "header", ["algorithm=HMAC_SHA512", "algorithm=none", "algorithm=HMAC_SHA1,algorithm=HMAC_SHA256", "algorithm=é"]
)
def test_an_unknown_or_contradictory_algorithm_is_refused(header: str) -> None:
    for secret in (TOKEN, KEY):
        for algorithm in Algorithm:
            signature = sign(secret, UPGRADE_URL, algorithm=algorithm)
            assert not both_keys.verify_upgrade(UPGRADE_URL, signature, header)


@pytest.mark.parametrize("key", [None, ""])
def test_an_absent_or_empty_key_verifies_nothing(key: str | None) -> None:
    nobody = Verifier(auth_token=key, shared_key=key)
    assert not nobody.verify_upgrade(UPGRADE_URL, sign("", UPGRADE_URL))
    assert not nobody.verify_upgrade(UPGRADE_URL, sign("", UPGRADE_URL, algorithm=Algorithm.HMAC_SHA256), SHA256)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_headers_for_sign_what_the_verifier_accepts(algorithm: Algorithm) -> None:
    secret = KEY if algorithm is Algorithm.HMAC_SHA256 else TOKEN
    headers = headers_for(secret, FORM_URL, FORM, algorithm=algorithm)
    assert (SETTINGS_HEADER in headers) is (algorithm is Algorithm.HMAC_SHA256)
    assert both_keys.verify_form(FORM_URL, FORM, headers[SIGNATURE_HEADER], headers.get(SETTINGS_HEADER))


def test_a_verifier_does_not_show_its_secrets() -> None:
    assert repr(both_keys) == "Verifier()"


@pytest.mark.parametrize("signature", [None, "", "x", "é" * 28, "\ud800", "A" * 100_000])
def test_a_bad_signature_is_false(signature: str | None) -> None:
    assert token_only.verify_form(FORM_URL, FORM, signature) is False


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/s",
        "wss://",
        "wss:///s",
        "wss://:443/s",
        "wss://example.com:99999/s",
        "wss://example.com:0/s",
        "wss://example.com:x/s",
        "wss://example.com:٤٤٣/s",
        "wss://[::1/s",
        "wss://::1/s",
        "ftp://example.com/s",
        "wss://example.com/\ud800",
    ],
)
def test_a_broken_url_is_false(url: str) -> None:
    signature = sign(TOKEN, url.encode("utf-8", "replace").decode())
    assert token_only.verify_upgrade(url, signature) is False
    assert token_only.verify_get(url, signature) is False


@unhurried
@given(st.text(), st.lists(st.tuples(st.text(), st.text())), st.binary(), st.tuples(*[st.none() | st.text()] * 2))
def test_no_request_makes_it_raise(
    tail: str, params: list[tuple[str, str]], body: bytes, headers: tuple[str | None, str | None]
) -> None:
    signature, header = headers
    for url in (tail, "wss://" + tail, "https://" + tail, FORM_URL + "&bodySHA256=" + tail):
        assert both_keys.verify_form(url, params, signature, header) is False
        assert both_keys.verify_json(url, body, signature, header) is False
        assert both_keys.verify_upgrade(url, signature, header) is False
    parse_form(body)
