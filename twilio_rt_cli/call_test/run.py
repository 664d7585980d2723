"""Runs a `call-test`: brings up what it needs, places the calls, listens to what was said, and tells the result."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from twilio_rt_cli.audio import wav
from twilio_rt_cli.call_test.account import account, local_account
from twilio_rt_cli.call_test.junit import junit_xml
from twilio_rt_cli.call_test.local_bridge import run_local_bridge
from twilio_rt_cli.call_test.options import Wanted
from twilio_rt_cli.call_test.script import script_for
from twilio_rt_cli.call_test.summary import Summary, summarise
from twilio_rt_cli.call_test.table import printed
from twilio_rt_cli.call_test.view import CallView
from twilio_rt_cli.call_test.voice import Voice, offline_voice
from twilio_rt_cli.caller.client import CallPlan, new_call_sid, place_call
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.engine.process import engine_process
from twilio_rt_cli.errors import MissingExtraError, ServerError
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.output import console
from twilio_rt_cli.output.logs import log_lines


def run(wanted: Wanted, load_voice: Callable[[], Voice] = offline_voice) -> int:
    """Places the calls and tells how they went; the exit code. Raises TwilioRtError for what cannot even begin."""
    wanted.check()
    place = _locally if wanted.mode == "local" else _elsewhere
    with log_lines(level="warning"), CallView(wanted.calls, sees_inside=wanted.mode == "local") as view:
        voice, reports = place(wanted, view, load_voice)
        if wanted.calls == 1 or wanted.limits.expect:
            _listen(voice, reports, load_voice)
    try:
        recordings = _record(wanted, reports)
        summary = summarise(wanted.mode, reports, wanted.limits, recordings)
        if wanted.junit is not None:
            wanted.junit.write_bytes(junit_xml(summary, reports))
    except OSError as error:
        raise ServerError(f"{error.filename} cannot be written ({error.strerror}).") from error
    _tell(wanted, summary, reports)
    return summary.exit_code


# Where the bridge is


def _locally(wanted: Wanted, view: CallView, load_voice: Callable[[], Voice]) -> tuple[Voice, list[CallReport]]:
    """Engine and bridge here; the caller's own voice loads while the engine does."""
    view.say("setup", "starting the offline engine")
    with ThreadPoolExecutor(1) as thread:
        loading = thread.submit(load_voice)
        with engine_process() as engine_url:
            voice = loading.result()
            return voice, _place(wanted, view, voice, engine_url)


def _elsewhere(
    wanted: Wanted, view: CallView, load_voice: Callable[[], Voice]
) -> tuple[Voice | None, list[CallReport]]:
    voice = None if wanted.audio and not wanted.needs_voice else _voice_or_tones(wanted, view, load_voice)
    return voice, _place(wanted, view, voice, None)


def _voice_or_tones(wanted: Wanted, view: CallView, load_voice: Callable[[], Voice]) -> Voice | None:
    """The offline voice; None when it is not installed and the test can do without."""
    try:
        return load_voice()
    except MissingExtraError:
        if wanted.needs_voice:
            raise
        view.say("setup", "the offline voice is not installed, so the caller speaks in tones")
        return None


# The calls


def _place(wanted: Wanted, view: CallView, voice: Voice | None, engine_url: str | None) -> list[CallReport]:
    script = script_for(wanted, voice)
    who = account() if engine_url is None else local_account()
    plan = CallPlan(
        target=wanted.url or "",
        script=script,
        signer=who.signer,
        sign_as=wanted.sign_as,
        account_sid=who.account_sid,
        to_number=who.to_number,
        quality=LineQuality(wanted.loss_percent, wanted.jitter_ms, wanted.latency_ms),
        seed=wanted.seed,
        duration_s=wanted.duration_s,
        patience=wanted.patience,
    )
    try:
        return asyncio.run(_calls(wanted, plan, view, voice, engine_url))
    except asyncio.CancelledError:  # a second signal
        raise KeyboardInterrupt from None


async def _calls(
    wanted: Wanted, plan: CallPlan, view: CallView, voice: Voice | None, engine_url: str | None
) -> list[CallReport]:
    speak = None if voice is None else voice.speak
    sids = [new_call_sid() for _ in range(wanted.calls)]
    async with AsyncExitStack() as stack:
        hang_up = await stack.enter_async_context(_hang_up_on_signals(view))
        if engine_url is not None:
            token = plan.signer.secret or ""
            bridge = run_local_bridge(
                engine_url, token, lambda sid, notice: view.notice(sids.index(sid), notice), calls=wanted.calls
            )
            plan = replace(plan, target=await stack.enter_async_context(bridge))
        async with asyncio.TaskGroup() as calls:
            placed = [
                calls.create_task(
                    place_call(
                        replace(plan, call_sid=sid, seed=plan.seed + 2 * number),
                        hang_up=hang_up,
                        watch=partial(view.event, number),
                        speak=speak,
                    )
                )
                for number, sid in enumerate(sids)
            ]
        return [call.result() for call in placed]


@asynccontextmanager
async def _hang_up_on_signals(view: CallView) -> AsyncIterator[asyncio.Event]:
    """An event that the first signal sets; the second one cancels the task that waits here."""
    loop, task, hang_up = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None

    def on_signal() -> None:
        if hang_up.is_set():
            task.cancel()
        else:
            view.say("stop", "hanging up; Ctrl-C again ends at once")
            hang_up.set()

    with on_stop_signals(on_signal, loop):
        yield hang_up


# Afterwards


def _listen(voice: Voice | None, reports: Sequence[CallReport], load_voice: Callable[[], Voice]) -> None:
    """Has the recogniser write down what the caller heard, if there is one."""
    answers = [answer for report in reports for answer in report.answers()]
    if not answers:
        return
    try:
        voice = voice or load_voice()
    except MissingExtraError:
        return
    for answer in answers:
        answer.agent = voice.hear(answer.audio)


def _record(wanted: Wanted, reports: Sequence[CallReport]) -> list[str]:
    written: list[str] = []
    for number, report in enumerate(reports):
        path = wanted.recording(number)
        if path is not None and report.agent_track:
            wav.write_stereo(path, report.caller_track, report.agent_track)
            written.append(str(path))
    return written


def _tell(wanted: Wanted, summary: Summary, reports: Sequence[CallReport]) -> None:
    troubles = {trouble.message: trouble for report in reports if (trouble := report.trouble) is not None}
    was_call = any(report.agent_track for report in reports)
    has_table = was_call and not wanted.json
    for trouble in troubles.values():  # the table tells the failures, and only lacks what to do about them
        console.problem("" if has_table else trouble.message, trouble.hint)
    if wanted.json:
        console.data(summary.json())
    elif was_call or not troubles:
        for line in printed(summary):
            console.data(line)
