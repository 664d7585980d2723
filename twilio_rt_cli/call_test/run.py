"""Runs a `call-test`: brings up what it needs, places the calls, listens to what was said, and prints the result."""

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
from twilio_rt_cli.call_test.options import CallTestOptions
from twilio_rt_cli.call_test.script import script_for
from twilio_rt_cli.call_test.summary import Summary, summarise
from twilio_rt_cli.call_test.table import printed
from twilio_rt_cli.call_test.view import CallView
from twilio_rt_cli.call_test.voice import CallerVoice, offline_voice
from twilio_rt_cli.caller.client import SimulatedCall, new_call_sid, place_call
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.engine.process import engine_process
from twilio_rt_cli.errors import MissingExtraError, ServerError
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.output import console
from twilio_rt_cli.output.logs import log_lines


def run(options: CallTestOptions, load_voice: Callable[[], CallerVoice] = offline_voice) -> int:
    """Places the calls and prints how they went; the exit code. Raises TwilioRtError for what cannot even begin."""
    options.check()
    place = _locally if options.mode == "local" else _elsewhere
    with log_lines(level="warning"), CallView(options.calls, sees_inside=options.mode == "local") as view:
        voice, reports = place(options, view, load_voice)
        if options.calls == 1 or options.expectations.expect:
            _listen(voice, reports, load_voice)
    try:
        recordings = _record(options, reports)
        summary = summarise(options.mode, reports, options.expectations, recordings)
        if options.junit is not None:
            options.junit.write_bytes(junit_xml(summary, reports))
    except OSError as error:
        raise ServerError(f"{error.filename} cannot be written ({error.strerror}).") from error
    _print_results(options, summary, reports)
    return summary.exit_code


# Where the bridge is


def _locally(
    options: CallTestOptions, view: CallView, load_voice: Callable[[], CallerVoice]
) -> tuple[CallerVoice, list[CallReport]]:
    """Engine and bridge here; the caller's own voice loads while the engine does."""
    view.say("setup", "starting the offline engine")
    with ThreadPoolExecutor(1) as thread:
        loading = thread.submit(load_voice)
        with engine_process() as engine_url:
            voice = loading.result()
            return voice, _place(options, view, voice, engine_url)


def _elsewhere(
    options: CallTestOptions, view: CallView, load_voice: Callable[[], CallerVoice]
) -> tuple[CallerVoice | None, list[CallReport]]:
    voice = None if options.audio and not options.needs_voice else _voice_or_tones(options, view, load_voice)
    return voice, _place(options, view, voice, None)


def _voice_or_tones(
    options: CallTestOptions, view: CallView, load_voice: Callable[[], CallerVoice]
) -> CallerVoice | None:
    """The offline voice; None when it is not installed and the test can do without."""
    try:
        return load_voice()
    except MissingExtraError:
        if options.needs_voice:
            raise
        view.say("setup", "the offline voice is not installed, so the caller speaks in tones")
        return None


# The calls


def _place(
    options: CallTestOptions, view: CallView, voice: CallerVoice | None, engine_url: str | None
) -> list[CallReport]:
    script = script_for(options, voice)
    who = account() if engine_url is None else local_account()
    simulated = SimulatedCall(
        target=options.url or "",
        script=script,
        signer=who.signer,
        sign_as=options.sign_as,
        account_sid=who.account_sid,
        to_number=who.to_number,
        quality=LineQuality(options.loss_percent, options.jitter_ms, options.latency_ms),
        seed=options.seed,
        duration_s=options.duration_s,
        patience=options.patience,
    )
    try:
        return asyncio.run(_calls(options, simulated, view, voice, engine_url))
    except asyncio.CancelledError:  # a second signal
        raise KeyboardInterrupt from None


async def _calls(
    options: CallTestOptions,
    simulated: SimulatedCall,
    view: CallView,
    voice: CallerVoice | None,
    engine_url: str | None,
) -> list[CallReport]:
    speak = None if voice is None else voice.speak
    sids = [new_call_sid() for _ in range(options.calls)]
    async with AsyncExitStack() as stack:
        hang_up = await stack.enter_async_context(_hang_up_on_signals(view))
        if engine_url is not None:
            token = simulated.signer.secret or ""
            bridge = run_local_bridge(
                engine_url, token, lambda sid, notice: view.notice(sids.index(sid), notice), calls=options.calls
            )
            simulated = replace(simulated, target=await stack.enter_async_context(bridge))
        async with asyncio.TaskGroup() as calls:
            placed = [
                calls.create_task(
                    place_call(
                        replace(simulated, call_sid=sid, seed=simulated.seed + 2 * number),
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


def _listen(voice: CallerVoice | None, reports: Sequence[CallReport], load_voice: Callable[[], CallerVoice]) -> None:
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


def _record(options: CallTestOptions, reports: Sequence[CallReport]) -> list[str]:
    written: list[str] = []
    for number, report in enumerate(reports):
        path = options.recording(number)
        if path is not None and report.agent_track:
            wav.write_stereo(path, report.caller_track, report.agent_track)
            written.append(str(path))
    return written


def _print_results(options: CallTestOptions, summary: Summary, reports: Sequence[CallReport]) -> None:
    troubles = {trouble.message: trouble for report in reports if (trouble := report.trouble) is not None}
    was_call = any(report.agent_track for report in reports)
    has_table = was_call and not options.json
    for trouble in troubles.values():  # the table lists the failures, and only lacks what to do about them
        console.problem("" if has_table else trouble.message, trouble.hint)
    if options.json:
        console.data(summary.json())
    elif was_call or not troubles:
        for line in printed(summary):
            console.data(line)
