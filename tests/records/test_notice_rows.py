"""Notices as rows: none is forgotten, and what is read is what was told."""

from typing import get_args

import pytest

from tests.records.world import STORY
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.notices import CallOver, CallTrouble, CutOff, FirstAudio, ItemCut, Notice
from twilio_rt_cli.records.notice_rows import notice_of, row_of

SAMPLES: list[Notice] = [
    *(notice for _, notice in STORY),
    FirstAudio(300),
    CutOff((ItemCut("a", 1, 2),)),
    CallTrouble("model", "slow", "too “slow”\n"),
]


@pytest.mark.parametrize("notice", SAMPLES)
def test_a_notice_comes_back_as_it_was(notice: Notice) -> None:
    assert notice_of(*row_of(notice)) == notice


def test_every_notice_has_a_kind_but_the_end() -> None:
    missing = {*get_args(Notice)} - {CallOver} - {type(notice) for notice in SAMPLES}
    assert missing == set(), "give it a kind in records/notice_rows.py, and a place in SAMPLES above"
    with pytest.raises(KeyError):
        row_of(CallOver(EndReason.OPERATOR, "", 0, CallStatistics()))


@pytest.mark.parametrize(("kind", "body"), [("dream", "{}"), ("keys", "{"), ("keys", "[]")])
def test_what_is_not_known_is_none(kind: str, body: str) -> None:
    assert notice_of(kind, body) is None
