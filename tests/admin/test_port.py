"""The admin port: who may ask and tell, and what a told origin changes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from tests.server.world import World, call_sid, refused, run, serving, token_of
from twilio_rt_cli.admin.port import admin_port, create_admin_app
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.listen import listen

NEW = "https://voice.example.com"


@asynccontextmanager
async def administered(**changes: Any) -> AsyncIterator[tuple[World, str, list[str]]]:
    """A world with an admin port; gives that port's URL, and the origins at the moments when one was told."""
    told: list[str] = []
    async with serving(**changes) as world:
        origins = world.origins
        app = create_admin_app(
            origins,
            world.port,
            checked=world.server.checked,
            on_origin_changed=lambda: told.append(origins.current.url),
        )
        async with admin_port(app, "127.0.0.1", 0) as url:
            yield world, url, told


def put(
    world: World, url: str, origin: str | None, port: int | None = None, headers: dict[str, str] | None = None
) -> Any:
    return world.http.put(f"{url}/origin", json={"origin": origin, "port": port or world.port}, headers=headers)


def test_a_told_origin_is_what_twiml_names_and_signatures_are_checked_against() -> None:
    async def story() -> None:
        async with administered() as (world, url, told):
            assert (await world.http.get(f"{url}/origin")).json() == {"origin": world.local_url, "port": world.port}
            answer = await put(world, url, NEW + "/")
            assert (answer.status_code, answer.json()) == (200, {"origin": NEW, "port": world.port})
            assert told == [NEW]
            assert (await world.post("/incoming-call", call_sid())).status_code == 403
            world.origin = NEW
            answer = await world.post("/incoming-call", call_sid())
            assert f"wss://voice.example.com/media-stream/{token_of(answer.text)}" in answer.text
            async with world.dial(token_of(answer.text)):
                pass
            await put(world, url, None)
            assert world.origins.current.url == world.local_url

    run(story())


def test_a_call_goes_on_under_the_origin_it_was_told() -> None:
    async def story() -> None:
        async with administered() as (world, url, _):
            first = await world.post("/incoming-call", call_sid())
            await put(world, url, NEW)
            assert (await world.post("/incoming-call", call_sid())).text == first.text
            assert (await world.post("/stream-ended", call_sid(2))).status_code == 403
            assert await refused(world.dial("unknown")) == 403
            async with world.dial(token_of(first.text)):
                pass
            assert (await world.post("/stream-ended", call_sid())).status_code == 200

    run(story())


def test_what_was_configured_wins_over_what_is_told() -> None:
    async def story() -> None:
        async with administered(public_url="https://configured.example") as (world, url, _):
            assert (await put(world, url, NEW)).json()["origin"] == "https://configured.example"

    run(story())


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://127.0.0.1"}])
def test_only_programs_on_this_machine_may_tell(headers: dict[str, str]) -> None:
    async def story() -> None:
        async with administered() as (world, url, told):
            assert (await put(world, url, NEW, headers=headers)).status_code == 403
            assert told == []

    run(story())


def test_what_cannot_be_is_refused() -> None:
    async def story() -> None:
        async with administered() as (world, url, told):
            assert (await put(world, url, NEW, world.port + 1)).status_code == 409
            for origin in ("http://voice.example.com", "https://voice.example.com/x", "nonsense"):
                assert (await put(world, url, origin)).status_code == 422
            assert told == []

    run(story())


def test_an_unchecked_server_takes_no_public_address() -> None:
    async def story() -> None:
        async with administered(auth_token=None) as (world, url, told):
            assert (await put(world, url, NEW)).status_code == 409
            assert told == []

    run(story())


def test_a_busy_port_is_passed_over() -> None:
    async def story() -> None:
        taken = listen("127.0.0.1", 0, 1)[0]
        port = taken.getsockname()[1]
        async with admin_port(FastAPI(), "127.0.0.1", port) as url:
            assert int(url.rpartition(":")[2]) > port
        taken.close()

    run(story())


def test_an_address_that_is_not_ours_is_told() -> None:
    async def story() -> None:
        with pytest.raises(ServerError, match=r"203\.0\.113\.1"):
            async with admin_port(FastAPI(), "203.0.113.1", 5002):
                pass

    run(story())
