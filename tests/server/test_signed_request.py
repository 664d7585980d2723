from collections.abc import AsyncIterator

import pytest

from tests.protocol.signing import with_body_hash
from tests.server.world import (
    ACCOUNT,
    TOKEN,
    call_sid,
    run,
    serving,
)
from twilio_rt_cli.protocol.signature import Algorithm, headers_for
from twilio_rt_cli.server.admission.notices import Refusal

ROUTES = ["/incoming-call", "/stream-ended", "/stream-status", "/call-status", "/amd-status"]


@pytest.mark.parametrize("path", ROUTES)
def test_what_twilio_did_not_sign_is_refused(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world:
            url, form = (
                world.local_url + path,
                {"CallSid": call_sid(), "AccountSid": ACCOUNT, "CallStatus": "completed"},
            )
            spoof = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6"}
            answers = [
                await world.http.post(url, data=form),
                await world.http.post(url, data=form, headers={"X-Twilio-Signature": "AAAA"}),
                await world.http.post(url, data=form, headers={b"X-Twilio-Signature": b"\xff\xfe"}),
                await world.http.post(
                    url, data=form | {"To": "x"}, headers=headers_for(TOKEN, url, list(form.items()))
                ),
                await world.http.post(url + "?x=1", data=form, headers=headers_for(TOKEN, url, list(form.items()))),
                await world.http.post(url, data=form, headers=headers_for("wrong", url, list(form.items()))),
                await world.http.post(
                    url,
                    data=form,
                    headers=spoof | headers_for(TOKEN, "https://evil.example" + path, list(form.items())),
                ),
                await world.post(path),  # signed, but nobody's
            ]
            assert [answer.status_code for answer in answers] == [403] * 7 + [400]
            assert world.server.registry.refused == {Refusal.BAD_SIGNATURE: 7}
            assert "6.6.6.6" not in caplog.text
            assert world.server.registry.places == 0

    run(story())


@pytest.mark.parametrize("header", [{"Host": "x:99999"}, {"Host": "[::1"}, {"X-Forwarded-For": "1.2.3.4"}])
def test_a_strange_host_changes_nothing(header: dict[str, str]) -> None:
    async def story() -> None:
        async with serving() as world:
            url, form = world.origin + "/incoming-call", {"CallSid": call_sid()}
            answer = await world.http.post(url, data=form, headers=headers_for(TOKEN, url, list(form.items())) | header)
            assert answer.status_code == 200

    run(story())


def test_requests_of_another_account_are_refused() -> None:
    async def story() -> None:
        async with serving(account_sid="AC" + "9" * 32) as world:
            assert (await world.post("/incoming-call", call_sid())).status_code == 403
            answer = await world.post("/incoming-call", call_sid(), AccountSid="AC" + "9" * 32)
            assert answer.status_code == 200

    run(story())


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
def test_a_body_that_is_no_form_is_refused(kind: str) -> None:
    async def story() -> None:
        async with serving() as world:
            url = world.origin + "/incoming-call"
            answer = await world.http.post(
                url, content=b"CallSid=CA1", headers={"Content-Type": kind} | headers_for(TOKEN, url)
            )
            assert answer.status_code == 415

    run(story())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_measure_is_refused(chunked: bool) -> None:
    async def story() -> None:
        async with serving() as world:
            body = b"CallSid=CA1&x=" + b"x" * 10_000_000

            async def pieces() -> AsyncIterator[bytes]:
                for at in range(0, len(body), 65536):
                    yield body[at : at + 65536]

            answer = await world.http.post(
                world.origin + "/incoming-call",
                content=pieces() if chunked else body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            assert answer.status_code == 413
            assert (await world.post("/incoming-call", call_sid(), x="x" * 60_000)).status_code == 200

    run(story())


def test_a_body_that_breaks_off_is_nobodys_trouble() -> None:
    async def story() -> None:
        async with serving() as world:
            _, writer = await world.raw(b"POST /incoming-call HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nCall")
            writer.close()
            await world.until(lambda: world.server.connections == 0)

    run(story())


def test_json_is_taken_by_its_hash() -> None:
    async def story() -> None:
        async with serving() as world:
            body = b'{"CallSid":"CA1","AccountSid":"AC1","CallStatus":"completed","n":1,"list":[]}'
            url = with_body_hash(world.origin + "/call-status", body)
            headers = {"Content-Type": "application/json"} | headers_for(TOKEN, url)
            await world.post("/incoming-call", call_sid(1))
            assert (await world.http.post(url, content=body, headers=headers)).status_code == 204
            assert (await world.http.post(url, content=body + b" ", headers=headers)).status_code == 403
            for broken in (b"[]", b"{", b"[" * 5000):
                url = with_body_hash(world.origin + "/call-status", broken)
                headers = {"Content-Type": "application/json"} | headers_for(TOKEN, url)
                assert (await world.http.post(url, content=broken, headers=headers)).status_code == 400

    run(story())


def test_an_account_that_signs_by_shared_key() -> None:
    async def story() -> None:
        async with serving(auth_token=None, shared_key="shared") as world:
            url, form = world.origin + "/incoming-call", {"CallSid": call_sid(), "AccountSid": ACCOUNT}
            signed = headers_for("shared", url, list(form.items()), algorithm=Algorithm.HMAC_SHA256)
            assert (await world.http.post(url, data=form, headers=signed)).status_code == 200
            signed = headers_for("shared", url, list(form.items()))
            assert (await world.http.post(url, data=form, headers=signed)).status_code == 403

    run(story())


def test_unchecked_only_this_machine_is_served() -> None:
    async def story() -> None:
        async with serving(validate=False) as world:
            url, form = world.local_url, {"CallSid": call_sid()}
            assert (await world.http.post(url + "/incoming-call", data=form)).status_code == 200
            for path in ("/", "/healthz", "/incoming-call"):
                assert (
                    await world.http.post(url + path, data=form, headers={"Host": "evil.example"})
                ).status_code == 403
            reader, writer = await world.raw(b"GET / HTTP/1.0\r\n\r\n")
            assert b" 403 " in await reader.read()
            writer.close()

    run(story())


def test_when_signatures_are_wrong_again_and_again_both_urls_are_told(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving(public_url="https://wrong.example") as world:
            for _ in range(4):
                answer = await world.post("/incoming-call", call_sid(), sign_as=world.local_url)
                assert answer.status_code == 403
            told = [record.getMessage() for record in caplog.records if "again and again" in record.getMessage()]
            assert told == [
                f"signatures are wrong again and again: signed by Twilio: {world.local_url}/incoming-call, "
                f"checked by us: https://wrong.example/incoming-call. Set PUBLIC_URL={world.local_url}"
            ]

    run(story())


def test_a_wrong_token_is_suspected_when_no_url_fits(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world:
            for _ in range(3):
                assert (await world.post("/incoming-call", call_sid(), secret="wrong")).status_code == 403
            assert "TWILIO_AUTH_TOKEN" in caplog.text

    run(story())
