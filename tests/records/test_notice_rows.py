"""Notices as rows: none is forgotten, and what is read is what was told."""

from typing import get_args

import pytest

from tests.records.world import STORY
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
    assert {type(notice) for notice in SAMPLES} == {*get_args(Notice)} - {CallOver}


@pytest.mark.parametrize(("kind", "body"), [("dream", "{}"), ("keys", "{"), ("keys", "[]")])
def test_what_is_not_known_is_none(kind: str, body: str) -> None:
    assert notice_of(kind, body) is None
