"""The page of event lines has every type, every end and every reason of a refusal."""

import re

from tests.docs.pages import PAGES, ROOT, codes, read, rows, section
from tests.docs.sources import events, schema
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.server.admission.notices import Refusal

PAGE = read("docs/reference/event-lines.md")


def test_the_table_of_events_has_every_type_and_no_other() -> None:
    sources = "".join(
        (ROOT / "twilio_rt_cli" / "reporting" / name).read_text("utf-8")
        for name in ("event_lines.py", "reporter.py", "tunnel_events.py")
    )
    made = set(re.findall(r'"((?:server|call|tunnel|number|events)\.[a-z_]+|stats)"', sources))
    told = {codes(row[0])[0] for row in rows(section("Event lines", PAGE))}
    assert made == told, "docs/events.schema.json, then python -m tests.docs.tables"


def test_the_pages_name_no_type_that_does_not_exist() -> None:
    types = {event.type for event in events()}
    for page in PAGES:
        told = re.findall(r"`((?:server|call|tunnel|number|events)\.[a-z_]+)`", read(page))
        assert {name for name in told if not name.endswith((".py", ".json"))} <= types, page


def test_the_table_of_ends_is_the_codes() -> None:
    table = {codes(row[0])[0]: row[2] == "yes" for row in rows(section("Why a call ended", PAGE))}
    assert table == {reason.value: reason.failed for reason in EndReason}
    assert all(row[1] for row in rows(section("Why a call ended", PAGE)))


def test_the_reasons_of_refusals_are_all_told() -> None:
    told = [codes(reason)[0] for reason, _ in rows(section("Why a call was refused", PAGE))]
    assert told == [reason.value for reason in Refusal]


def test_everything_that_is_counted_is_told() -> None:
    told = {codes(name)[0]: meaning for name, meaning in rows(section("What is counted of a call", PAGE))}
    described = schema()["$defs"]["statistics"]["properties"]
    assert told.keys() == described.keys(), "docs/events.schema.json: statistics, properties and required"
    assert all(told.values())


def test_the_limits_of_callers_name_their_reasons() -> None:
    told = {codes(refused)[0] for *_, refused in rows(read("docs/how-to/limit-callers.md"))}
    assert told == {reason.value for reason in Refusal if re.match(r"(caller|day)_", reason.value)}
