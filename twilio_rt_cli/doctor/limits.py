"""The settings that say who may call and how much, for the server; and what is so of them, for `doctor`."""

from collections.abc import Iterator
from datetime import date

from twilio_rt_cli.doctor.finding import Finding, ok, warning
from twilio_rt_cli.models.prices import price_table
from twilio_rt_cli.output.words import plural
from twilio_rt_cli.protocol.caller_id import CallerList
from twilio_rt_cli.server.admission.quota import DayLimits
from twilio_rt_cli.settings.groups import ModelSettings

_OLD_DAYS = 180


def limit_findings(limits: DayLimits, model: ModelSettings) -> Iterator[Finding]:
    """Who may call, and how much in a day."""
    name = "limits"
    text = ", ".join(_phrases(limits))
    if not text:
        hint = "CALLER_CALLS_PER_DAY and COST_USD_PER_DAY keep one caller, or one day, from costing much."
        yield ok(name, "Everybody may call, as often and as long as they like.", hint)
        return
    yield ok(name, f"In a day: {text}.")
    if limits.cost_usd and not _priced(model):
        answers = "The offline engine" if model.realtime_provider == "local" else model.openai_model
        text = f"COST_USD_PER_DAY cannot be kept: {answers} is not in the price table, so no call has a cost."
        yield warning(name, text, "Set MINUTES_PER_DAY instead.")


def price_finding(model: ModelSettings, today: date) -> Finding:
    """How old the prices are that costs are estimated by, and whether the model has one."""
    name, table = "prices", price_table()
    age = (today - table.as_of).days
    text = f"The price table is of {table.as_of}."
    if model.realtime_provider == "local":
        text += " The offline engine costs nothing by it."
    elif not _priced(model):
        text += f" {model.openai_model} is not in it: its calls have no cost (n/a)."
    if age <= _OLD_DAYS:
        return ok(name, text)
    return ok(name, f"{text} That is {age} days ago.", f"Compare it with {table.sources[0]}, or take a newer version.")


def _priced(model: ModelSettings) -> bool:
    return model.realtime_provider != "local" and price_table().of(model.openai_model) is not None


def _phrases(limits: DayLimits) -> Iterator[str]:
    each = (
        (limits.caller_calls, "{} calls a caller"),
        (limits.caller_minutes, "{} minutes a caller"),
        (limits.calls, "{} calls in all"),
        (limits.minutes, "{} minutes in all"),
        (limits.cost_usd, "{} USD in all"),
    )
    yield from (text.format(f"{limit:g}") for limit, text in each if limit)
    yield from (f"{text} {_count(who)}" for text, who in (("only", limits.allow), ("never", limits.block)) if who)


def _count(who: CallerList) -> str:
    """How many entries a list has; the numbers themselves are nobody's business."""
    entries = len(who.whole) + len(who.beginnings)
    return plural(entries, "caller or beginning", "callers or beginnings")
