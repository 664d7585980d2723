"""The round trip to ourselves: it passes where Twilio would, and says in words what would stop Twilio."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bench.certificates import Certificate, make_certificate
from tests.ngrok_agent.forward import Forwarder
from tests.server.world import ACCOUNT, TOKEN, World, run, serving
from twilio_rt_cli import __version__
from twilio_rt_cli.caller.probe import Probe, Step, probe
from twilio_rt_cli.caller.route import Signer

SIGNER = Signer(TOKEN)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port: int = probing.getsockname()[1]
        return port


@asynccontextmanager
async def behind_tls(certificate: Certificate) -> AsyncIterator[tuple[World, str]]:
    """A server behind a tunnel, and its public origin."""
    port = free_port()
    origin = f"https://localhost:{port}"
    async with serving(public_url=origin, account_sid=ACCOUNT) as world:
        tunnel = Forwarder(world.local_url, certificate.server_context(), lambda _: None)
        await tunnel.open(port)
        try:
            yield world, origin
        finally:
            tunnel.close()


def probed(origin: str, signer: Signer = SIGNER) -> Probe:
    return run(probe(origin, signer, account_sid=ACCOUNT))


def test_a_public_origin_is_reached_and_nothing_remains(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))

    async def story() -> None:
        async with behind_tls(certificate) as (world, origin):
            result = await probe(origin + "/", SIGNER, account_sid=ACCOUNT)
            assert result == Probe(origin, elapsed_ms=result.elapsed_ms, version=__version__)
            assert result.ok
            assert result.elapsed_ms > 0
            assert (world.notices, world.calls, world.server.registry.places) == ([], [], 0)

    run(story())


def test_a_wrong_secret_is_refused(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))

    async def story() -> None:
        async with behind_tls(certificate) as (_, origin):
            for signer in (Signer("x" * 32), Signer()):
                result = await probe(origin, signer, account_sid=ACCOUNT)
                assert (result.refused, result.failed) == (True, Step.WEBHOOK)
                url = f"{origin}/incoming-call"
                assert result.problem == f"/incoming-call refused our signature over {url} (403)."
                assert "TWILIO_AUTH_TOKEN" in result.hint

    run(story())


def test_a_wrong_secret_for_the_stream_alone_is_refused_there() -> None:
    async def story() -> None:
        async with serving(account_sid=ACCOUNT) as world:
            result = await probe(world.local_url, SIGNER, account_sid=ACCOUNT, stream_signer=Signer("x" * 32))
            assert (result.refused, result.failed) == (True, Step.STREAM)
            assert "was refused with 403" in result.problem
            assert world.server.registry.places == 0

    run(story())


def test_a_certificate_nobody_believes_is_told(certificate: Certificate) -> None:
    async def story() -> None:
        async with behind_tls(certificate) as (_, origin):
            result = await probe(origin, SIGNER, account_sid=ACCOUNT)
            assert result.failed is Step.HEALTH
            assert result.problem.startswith(f"{origin} does not speak TLS as it should: self")

    run(story())


def test_a_server_that_goes_by_another_name_is_told() -> None:
    async def story() -> None:
        async with serving(public_url="https://other.example") as world:
            result = await probe(world.local_url, SIGNER, account_sid=ACCOUNT)
            assert result.refused

    run(story())


def test_a_tunnel_to_nowhere_is_told() -> None:
    async def story() -> None:
        tunnel = Forwarder(f"http://127.0.0.1:{free_port()}", None, lambda _: None)
        port = await tunnel.open(0)
        result = await probe(f"http://127.0.0.1:{port}", SIGNER)
        tunnel.close()
        assert result.problem == "The tunnel is up, but nothing listens at our end of it (ERR_NGROK_8012)."
        assert result.failed is Step.HEALTH

    run(story())


def test_nobody_there_is_told() -> None:
    port = free_port()
    result = probed(f"http://127.0.0.1:{port}")
    assert result.problem == f"http://127.0.0.1:{port} refused the connection."


async def wait_for_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take whatever comes, and say nothing."""
    await reader.read()
    writer.close()


async def answering(text: str) -> asyncio.Server:
    """A server that says the same to everybody."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text.encode())
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def test_another_program_is_told() -> None:
    async def story() -> None:
        async with await answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi") as server:
            origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            result = await probe(origin, SIGNER)
            assert result.problem == f"Something else than twilio-rt answers at {origin} (status 200)."

    run(story())


def test_a_server_that_says_nothing_has_a_deadline() -> None:
    async def story() -> None:
        async with await asyncio.start_server(wait_for_the_end, "127.0.0.1", 0) as server:
            origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            result = await probe(origin, SIGNER, timeout_s=0.1)
            assert (result.problem, result.failed) == (f"{origin} did not answer within 0.1 s.", Step.HEALTH)

    run(story())


def test_a_server_that_stops_offers_no_stream() -> None:
    async def story() -> None:
        async with serving() as world:
            world.server.registry.draining = True
            result = await probe(world.local_url, SIGNER, account_sid=ACCOUNT)
            assert result.problem == "/incoming-call offers no stream."
            world.server.registry.draining = False

    run(story())


def test_a_way_without_websockets_is_told() -> None:
    class Plain(Forwarder):
        """A proxy that forwards requests alone."""

        def _forwarded(self, head: bytes, peer: str) -> bytes:
            return super()._forwarded(head.replace(b"Upgrade", b"X-Was"), peer)

    async def story() -> None:
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        async with serving(public_url=origin) as world:
            proxy = Plain(world.local_url, None, lambda _: None)
            await proxy.open(port)
            result = await probe(origin, SIGNER, account_sid=ACCOUNT)
            proxy.close()
            assert result.failed is Step.STREAM
            assert result.problem.startswith("The media socket /media-stream/… was refused with ")

    run(story())
