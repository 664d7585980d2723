"""What is left to read when the live view is gone: how the calls went, in a few lines."""

from twilio_rt_cli.live.figures import clock, dollars, ms
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.output.redaction import printable
from twilio_rt_cli.output.words import plural


def server_summary(snapshot: Snapshot, worst_lag_ms: float | None = None) -> list[str]:
    """The lines; of a server that nobody called, one."""
    totals = snapshot.totals
    counted = totals.statistics
    served = f"twilio-rt served for {clock(snapshot.uptime_s)}"
    if not totals.started and not totals.refused:
        return [f"{served}; nobody called."]
    tokens = counted.input_tokens + counted.output_tokens
    rows = [("calls", _calls(snapshot))]
    rows += [("answers", f"{plural(counted.turns, 'turn')}, voice-to-voice {_spread(snapshot)}")]
    if totals.first_audio_p50_ms is not None:
        rows.append(("first audio", f"{ms(totals.first_audio_p50_ms)} ms median"))
    if counted.barge_ins:
        stop = totals.barge_in_p50_ms
        rows.append(("barge-ins", str(counted.barge_ins) + (f", silenced in {ms(stop)} ms median" if stop else "")))
    rows.append(("est. cost", f"${dollars(counted.cost_usd)}" if counted.cost_usd is not None else "n/a"))
    rows[-1] = (rows[-1][0], f"{rows[-1][1]} for {plural(tokens, 'token')}")
    rows.append(("loop lag", f"{ms(snapshot.lag.max_ms if worst_lag_ms is None else worst_lag_ms)} ms at worst"))
    return [served, *(f"  {name:<12} {text}" for name, text in rows)]


def _calls(snapshot: Snapshot) -> str:
    totals = snapshot.totals
    text = [f"{totals.started} answered"]
    text += [f"{totals.failed} failed{_reasons(totals.ends)}"] if totals.failed else []
    text += [f"{totals.refused} refused{_reasons(totals.refusals)}"] if totals.refused else []
    return ", ".join(text)


def _reasons(counted: dict[str, int]) -> str:
    if not counted:
        return ""
    most_first = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return f" ({', '.join(f'{count} {printable(reason)}' for reason, count in most_first)})"


def _spread(snapshot: Snapshot) -> str:
    totals = snapshot.totals
    if totals.v2v_p50_ms is None:
        return "not observed"
    return f"{ms(totals.v2v_p50_ms)} ms median, {ms(totals.v2v_p95_ms)} ms p95"
