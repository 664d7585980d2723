"""Pointing and putting back, against the stand-in: the journal is always ahead, and others' changes are left alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.numbers.world import OURS, THEIRS, of_a_dead_process, world
from twilio_rt_cli.errors import CredentialsError, ServerError, ServiceError, UnreachableError
from twilio_rt_cli.numbers import Outcome
from twilio_rt_cli.twilio_api import Account, TwilioApi

ELSEWHERE = "https://cd34.ngrok.app"


def test_a_number_is_pointed_and_put_back(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        before = here.voice()
        entry = here.point()
        assert here.number.voice_url == f"{OURS}/incoming-call"
        assert (entry.before, entry.ours) == (before, here.voice())
        assert here.journal.load(entry.number_sid) == entry
        restored = here.pointer().restore(entry)
        assert (restored.outcome, restored.voice) == (Outcome.PUT_BACK, before)
        assert restored.sentence() == f"+14155550100 is as it was: {THEIRS}."
        assert here.voice() == before
        assert here.journal.entries() == []


@pytest.mark.parametrize(
    "fields", [{"trunk_sid": "TK1"}, {"voice_application_sid": "AP1"}, {"voice_url": None}, {"voice_url": ""}]
)
def test_whatever_was_there_comes_back(fields: dict[str, str | None], tmp_path: Path) -> None:
    with world(tmp_path, **fields) as here:
        before = here.voice()
        entry = here.point()
        assert (here.voice().trunk_sid, here.voice().voice_application_sid) == ("", "")
        here.pointer().restore(entry)
        assert here.voice() == before


def test_the_journal_is_written_before_the_change(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        change = here.change()
        here.rest.faults.spares, here.rest.faults.drops = 1, True  # the number is read again, and then …
        with pytest.raises(UnreachableError):
            here.pointer().point(change)
        here.rest.heal()
        (entry,) = here.journal.entries()
        assert entry.before == here.voice()
        assert here.pointer().restore(entry).outcome is Outcome.PUT_BACK
        assert here.journal.entries() == []


def test_a_change_that_is_refused_leaves_no_entry(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        change = here.change()
        here.rest.faults.spares, here.rest.faults.code = 1, 20429
        with pytest.raises(ServiceError, match="Twilio would not change the number"):
            here.pointer().point(change)
        assert here.journal.entries() == []


def test_a_change_that_twilio_does_not_make_is_told(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        change, here.rest.routes.deaf = here.change(), True
        with pytest.raises(ServiceError, match="does not show it: voice_url, voice_fallback_url"):
            here.pointer().point(change)
        assert len(here.journal.entries()) == 1


def test_a_number_that_somebody_changed_since_the_plan_is_left_alone(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        change, here.number.voice_url = here.change(), "https://new.example.com/"
        with pytest.raises(ServiceError, match="changed by somebody else in the meantime"):
            here.pointer().point(change)
        assert here.number.voice_url == "https://new.example.com/"
        assert here.journal.entries() == []


def test_a_journal_that_cannot_be_read_stops_us(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.journal.path(here.number.sid).write_text("{")
        with pytest.raises(ServerError, match="cannot be read"):
            here.point()
        assert here.number.voice_url == THEIRS


def test_a_webhook_that_somebody_set_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        entry = here.point()
        here.number.voice_url = "https://me:secret@new.example.com/"
        restored = here.pointer().restore(entry)
        assert restored.outcome is Outcome.CHANGED_BY_OTHERS
        assert restored.sentence() == (
            "+14155550100 was left alone: somebody has pointed it elsewhere since, to https://me:…@new.example.com/."
        )
        assert here.number.voice_url == "https://me:secret@new.example.com/"
        assert here.journal.entries() == []


def test_other_fields_that_somebody_set_meanwhile_are_left_alone(tmp_path: Path) -> None:
    with world(tmp_path, trunk_sid="TK1") as here:
        entry = here.point()
        here.number.voice_fallback_url, here.number.voice_application_sid = "https://new.example.com/sorry", "AP9"
        here.number.status_callback = "https://new.example.com/status"
        restored = here.pointer().restore(entry)
        assert (restored.outcome, restored.left) == (Outcome.PUT_BACK, ("voice_fallback_url", "trunk_sid"))
        assert here.number.voice_url == THEIRS
        assert here.number.voice_fallback_url == "https://new.example.com/sorry"
        assert (here.number.voice_application_sid, here.voice().trunk_sid) == ("AP9", "")
        assert here.number.status_callback == "https://new.example.com/status"


def test_a_number_that_is_gone_needs_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        entry = here.point()
        here.rest.account.numbers.clear()
        restored = here.pointer().restore(entry)
        assert restored.outcome is Outcome.GONE
        assert here.journal.entries() == []


@pytest.mark.parametrize("spared", [0, 1])
def test_while_twilio_is_down_the_journal_keeps_its_entry(spared: int, tmp_path: Path) -> None:
    with world(tmp_path) as here:
        entry = here.point()
        here.rest.faults.spares, here.rest.faults.status = spared, 503
        with pytest.raises(UnreachableError):
            here.pointer().restore(entry)
        assert here.journal.load(entry.number_sid) == entry
        here.rest.heal()
        assert here.pointer().restore(entry).outcome is Outcome.PUT_BACK


def test_with_a_wrong_token_the_journal_keeps_its_entry(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        entry = here.point()
        account = Account(account_sid=here.rest.account.sid, auth_token="wrong", api_url=here.rest.url)
        with TwilioApi(account) as api, pytest.raises(CredentialsError):
            type(here.pointer())(api, here.journal, until_exit=True).restore(entry)
        assert here.journal.load(entry.number_sid) == entry


def test_pointing_twice_keeps_what_was_there_first(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        first = here.point()
        second = here.point(ELSEWHERE)
        assert second.before == first.before
        assert second.earlier_url == f"{OURS}/incoming-call"
        here.pointer().restore(second)
        assert here.number.voice_url == THEIRS


def test_a_lasting_change_comes_back_when_a_passing_one_ends(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        lasting = here.point(until_exit=False)
        passing = here.point(ELSEWHERE)
        here.pointer().restore(passing)
        assert here.number.voice_url == f"{OURS}/incoming-call"
        assert here.journal.load(lasting.number_sid) == lasting
        here.pointer().restore(lasting)
        assert here.number.voice_url == THEIRS


def test_a_stale_entry_does_not_hide_what_is_there_now(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.point()
        here.number.voice_url = "https://new.example.com/"
        entry = here.point(ELSEWHERE)
        assert entry.before.voice_url == "https://new.example.com/"


def test_what_is_right_already_is_nobodys_to_put_back(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.point(until_exit=False)
        requests = len(here.rest.requests)
        assert here.pointer().point(here.change()) is None
        assert len(here.rest.requests) == requests + 1  # the plan's own


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        left = of_a_dead_process(here.point())
        here.journal.write(left)
        assert here.journal.left_behind(here.api.account_sid) == [left]
        entry = here.point()  # the same tunnel again: nothing differs
        assert (entry.before, entry.held) == (left.before, True)
        here.pointer().restore(entry)
        assert here.number.voice_url == THEIRS


def test_a_killed_process_is_put_right_by_the_next(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.journal.write(of_a_dead_process(here.point()))
        (left,) = here.journal.left_behind(here.api.account_sid)
        assert here.pointer().restore(left).outcome is Outcome.PUT_BACK
        assert here.number.voice_url == THEIRS


def test_a_tunnel_that_came_back_by_another_name(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        before, pointer = here.voice(), here.pointer()
        entry = pointer.repoint(here.point(), ELSEWHERE)
        assert entry is not None
        assert here.number.voice_url == f"{ELSEWHERE}/incoming-call"
        assert here.journal.load(entry.number_sid) == entry
        assert pointer.repoint(entry, ELSEWHERE) == entry
        pointer.restore(entry)
        assert here.voice() == before


def test_killed_between_journal_and_change_the_old_webhook_still_comes_back(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        entry = here.point()
        here.rest.faults.spares, here.rest.faults.drops = 1, True
        with pytest.raises(UnreachableError):
            here.pointer().repoint(entry, ELSEWHERE)
        here.rest.heal()
        (written,) = here.journal.entries()
        assert (written.ours.voice_url, written.earlier_url) == (
            f"{ELSEWHERE}/incoming-call",
            f"{OURS}/incoming-call",
        )
        assert here.pointer().restore(written).outcome is Outcome.PUT_BACK
        assert here.number.voice_url == THEIRS


def test_a_number_that_somebody_took_is_not_repointed(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        entry, here.number.voice_url = here.point(), "https://new.example.com/"
        assert here.pointer().repoint(entry, ELSEWHERE) is None
        assert here.number.voice_url == "https://new.example.com/"


def test_putting_back_does_not_remove_a_later_processs_entry(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        first = here.point()
        second = here.point(ELSEWHERE, until_exit=False)
        assert here.pointer().restore(first).outcome is Outcome.CHANGED_BY_OTHERS
        assert here.journal.load(second.number_sid) == second
        assert replace(second, until_exit=True).held
