from datetime import date, timedelta
from typing import Any

import pytest

from twilio_rt_cli.doctor.finding import Finding, State
from twilio_rt_cli.doctor.limits import limit_findings, price_finding
from twilio_rt_cli.models.prices import price_table
from twilio_rt_cli.server.admission.quota import DayLimits
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.loading import bare_settings
from twilio_rt_cli.settings.parts import limits_of


def settings(**given: Any) -> Settings:
    return bare_settings(openai_api_key="sk-1", **given)


def findings(**given: Any) -> list[Finding]:
    wanted = settings(**given)
    return list(limit_findings(limits_of(wanted.limits), wanted.model))


def test_nothing_is_limited_by_default() -> None:
    assert limits_of(settings().limits) == DayLimits()
    [finding] = findings()
    assert (finding.state, finding.message) == (State.OK, "Everybody may call, as often and as long as they like.")


def test_each_setting_is_a_limit() -> None:
    limits = limits_of(
        settings(
            caller_calls_per_day=5,
            caller_minutes_per_day=20.5,
            calls_per_day=100,
            minutes_per_day=300,
            cost_usd_per_day=25,
            allow_callers="+49*",
            block_callers="anonymous",
        ).limits
    )
    assert (limits.caller_calls, limits.caller_minutes, limits.calls, limits.minutes) == (5, 20.5, 100, 300)
    assert limits.cost_usd == 25
    assert limits.allow.names("+4930123456")
    assert limits.block.names("anonymous")


def test_what_is_limited_is_told_without_a_number_of_anybody() -> None:
    given = {"caller_calls_per_day": 5, "cost_usd_per_day": 25, "block_callers": "+14155550100,+1900*"}
    [finding] = findings(**given)
    assert finding.message == "In a day: 5 calls a caller, 25 USD in all, never 2 callers or beginnings."
    [finding] = findings(allow_callers="anonymous", minutes_per_day=0.5)
    assert finding.message == "In a day: 0.5 minutes in all, only 1 caller or beginning."


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({"openai_model": "gpt-realtime-9"}, "gpt-realtime-9"),
        ({"realtime_provider": "local"}, "The offline engine"),
    ],
)
def test_a_limit_of_cost_that_cannot_be_kept_is_a_warning_in_one_sentence(given: dict[str, str], who: str) -> None:
    told = f"COST_USD_PER_DAY cannot be kept: {who} is not in the price table, so no call has a cost."
    assert [one.message for one in findings(cost_usd_per_day=5, **given) if one.state is State.WARNING] == [told]
    assert [one for one in findings(calls_per_day=5, **given) if one.state is State.WARNING] == []


def test_the_age_of_the_price_table_is_told_when_it_is_old() -> None:
    as_of = price_table().as_of
    young = price_finding(settings().model, as_of + timedelta(days=180))
    assert (young.message, young.hint) == (f"The price table is of {as_of}.", "")
    old = price_finding(settings().model, as_of + timedelta(days=181))
    assert old.state is State.OK
    assert old.message == f"The price table is of {as_of}. That is 181 days ago."
    assert "https://developers.openai.com/" in old.hint


def test_a_model_without_a_price_is_told() -> None:
    day = date(2026, 8, 1)
    told = price_finding(settings(openai_model="my-deployment").model, day).message
    assert told.endswith("my-deployment is not in it: its calls have no cost (n/a).")
    assert price_finding(settings(realtime_provider="local").model, day).message.endswith("costs nothing by it.")
