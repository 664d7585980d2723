"""A tunnel from its opening to its end: forwarded for real, watched, brought back, and nothing left behind."""

import asyncio
import logging
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.ngrok_agent.install import TOKEN, agents
from tests.server.world import serving
from tests.tunnel.world import PORT, Changes, config, kill, left, run, some_agent
from twilio_rt_cli.errors import UnreachableError
from twilio_rt_cli.tunnel import TunnelDown, TunnelLost, TunnelUp, ngrok_api, open_tunnel


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        return await http.get(url)


def test_a_tunnel_leads_to_our_port_and_is_gone_at_the_end(tmp_path: Path, state: Path) -> None:
    async def story() -> str:
        async with serving() as world, open_tunnel(config(tmp_path, port=world.port), Changes()) as tunnel:
            assert ngrok_api.public_url(tunnel.api_url, world.port) == tunnel.public_url
            assert (await get(tunnel.public_url + "/healthz")).status_code == 200
            return tunnel.public_url

    url = run(story())
    assert left(state) == []
    with pytest.raises(httpx.ConnectError):
        run(get(url))


def test_where_nobody_listens_the_visitor_is_told_by_ngrok(tmp_path: Path) -> None:
    async def story() -> httpx.Response:
        async with open_tunnel(config(tmp_path), Changes()) as tunnel:
            return await get(tunnel.public_url)

    answer = run(story())
    assert (answer.status_code, answer.headers["ngrok-error-code"]) == (502, "ERR_NGROK_8012")


def test_a_fixed_address_is_kept(tmp_path: Path, free_port: int) -> None:
    wanted = f"http://127.0.0.1:{free_port}"

    async def story() -> None:
        changes = Changes()
        async with open_tunnel(config(tmp_path, url=wanted), changes) as tunnel:
            assert tunnel.public_url == wanted
            kill(agents(tmp_path)[0])
            assert await changes.until(TunnelUp) == TunnelUp(wanted, changed=False)

    run(story())


def test_the_token_is_nowhere_to_be_seen(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-canary")
    monkeypatch.setenv("HARMLESS", "yes")
    caplog.set_level(logging.DEBUG)

    def look(pid: int) -> None:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"HARMLESS=yes" in environment
        for secret in (TOKEN, "sk-canary-canary"):
            assert secret.encode() not in words + environment
        files = [path for path in state.rglob("*") if path.is_file()]
        assert files
        assert all(TOKEN not in path.read_text() for path in files)
        assert all(path.stat().st_mode & 0o077 == 0 for path in state.rglob("*ngrok*"))

    async def story() -> None:
        async with open_tunnel(config(tmp_path), Changes()):
            [pid] = agents(state)
            look(pid)

    run(story())
    assert TOKEN not in caplog.text
    assert "client session established" in caplog.text


def test_the_agent_is_out_of_reach_of_ctrl_c(tmp_path: Path, state: Path) -> None:
    async def story() -> None:
        async with open_tunnel(config(tmp_path), Changes()):
            [pid] = agents(state)
            assert os.getsid(pid) == pid != os.getsid(0)

    run(story())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGUSR1])
def test_a_tunnel_that_breaks_comes_back(how: int, tmp_path: Path, state: Path) -> None:
    async def story() -> None:
        changes = Changes()
        async with open_tunnel(config(tmp_path), changes) as tunnel:
            before = tunnel.public_url
            os.kill(agents(state)[0], how)
            async with asyncio.timeout(5):
                down = await changes.until(TunnelDown)
            assert down.why == ("ngrok ended (signal 9)" if how == signal.SIGKILL else "ngrok has closed the tunnel")
            up = await changes.until(TunnelUp)
            assert (up.url, up.changed) == (tunnel.public_url, True)
            assert tunnel.public_url != before
            assert len(agents(state)) == 1
            assert (await get(tunnel.public_url)).status_code == 502

    run(story())
    assert left(state) == []


def test_an_agent_that_hangs_is_given_up(tmp_path: Path, state: Path) -> None:
    async def story() -> None:
        changes = Changes()
        async with open_tunnel(config(tmp_path, answer_s=0.2, end_s=0.1), changes):
            os.kill(agents(state)[0], signal.SIGSTOP)
            async with asyncio.timeout(5):
                assert await changes.until(TunnelDown) == TunnelDown("ngrok does not answer any more")
            await changes.until(TunnelUp)

    run(story())
    assert left(state) == []


def test_a_tunnel_that_stays_away_is_lost(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> TunnelLost:
        changes = Changes()
        async with open_tunnel(config(tmp_path, give_up_s=0.3), changes):
            monkeypatch.setenv("NGROK_STANDIN", "108")
            kill(agents(state)[0])
            lost = await changes.until(TunnelLost)
            assert isinstance(lost, TunnelLost)
            return lost

    error = run(story()).error
    assert isinstance(error, UnreachableError)
    assert error.message.startswith("The tunnel is down for 0.3 s: ")
    assert left(state) == []


def test_a_cancelled_opening_leaves_nothing(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGROK_STANDIN", "silent")

    async def story() -> None:
        async def opening() -> None:
            async with open_tunnel(config(tmp_path), Changes()):
                raise AssertionError

        task = asyncio.ensure_future(opening())
        await some_agent(state)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story())
    assert left(state) == []


def test_a_cancelled_tunnel_is_taken_down_all_the_same(tmp_path: Path, state: Path) -> None:
    async def story() -> None:
        opened = asyncio.Event()

        async def using() -> None:
            async with open_tunnel(config(tmp_path), Changes()):
                opened.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(using())
        await opened.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # and again, while it is being taken down
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story())
    assert left(state) == []


def test_two_tunnels_of_one_process_do_not_disturb_each_other(tmp_path: Path, state: Path) -> None:
    async def story() -> None:
        changes = Changes()
        async with open_tunnel(config(tmp_path), changes) as one:
            async with open_tunnel(config(tmp_path, port=PORT - 1), Changes()) as other:
                assert one.public_url != other.public_url
                assert len(agents(state)) == 2
            assert len(agents(state)) == 1
            assert (await get(one.public_url)).status_code == 502
        assert changes.told == []

    run(story())
