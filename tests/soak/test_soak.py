"""A soak of a few seconds: each ending of the table that needs no patience, once."""

import asyncio
import json
from collections import Counter

import uvloop

from tests.soak.endings import ENDINGS, deal
from tests.soak.report import as_json, text, verdicts
from tests.soak.soak import Plan, soak

HASTY = [ending for ending in ENDINGS.values() if not ending.patient]
PLAN = Plan(calls=len(HASTY), long_calls=0, minutes=0, seed=1, warm_up_calls=40, webhooks=1.0, patient=False)


def test_calls_that_end_in_every_way_leave_nothing_behind() -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            found = await soak(PLAN)
        assert found.endings == Counter(HASTY)
        # So few calls say nothing about memory; that is for the long run.
        assert {one.what: one.detail for one in verdicts(found) if not one.holds and "memory" not in one.what} == {}
        assert f"{len(HASTY)} short calls" in text(found)
        assert json.loads(as_json(found))["endings"] == {ending.name: 1 for ending in HASTY}

    uvloop.run(bounded())


def test_a_deck_has_each_ending_once() -> None:
    dealt = deal(seed=3)
    assert Counter(next(dealt) for _ in ENDINGS) == Counter(ENDINGS.values())
