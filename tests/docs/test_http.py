"""The page of routes has every route of both ports, and examples ask for routes that there are."""

import re

from tests.docs.pages import PAGES, blocks, codes, read, rows, section
from tests.docs.sources import Route, admin_routes, public_routes

PAGE = read("docs/reference/http.md")


def told(heading: str) -> list[str]:
    return [codes(route)[0] for route, _ in rows(section(heading, PAGE))]


def expected(routes: list[Route]) -> list[str]:
    return [f"{route.methods} {route.path}" for route in routes]


def test_the_table_of_the_public_port_is_what_it_answers() -> None:
    assert told("The public port") == expected(public_routes())
    assert "GET, POST /incoming-call" in told("The public port")


def test_the_table_of_the_admin_port_is_what_it_answers() -> None:
    assert told("The admin port") == expected(admin_routes())
    assert {"GET /metrics", "GET /events", "PUT /origin", "POST /calls/{call_sid}/hangup"} <= {*told("The admin port")}


def test_every_route_says_what_it_is_for() -> None:
    assert all(route.purpose for route in (*public_routes(), *admin_routes()))


def test_every_address_that_is_asked_for_in_an_example_is_answered() -> None:
    paths = {5001: public_routes(), 5002: admin_routes()}
    asked = 0
    for page in PAGES:
        for port, path in re.findall(r"curl .*http://127\.0\.0\.1:(\d+)(/\S*)", "".join(blocks("sh", read(page)))):
            routes = [re.sub(r"{\w+}", r"[^/]+", route.path) for route in paths[int(port)]]
            assert any(re.fullmatch(route, path) for route in routes), path
            asked += 1
    assert asked > 3
