"""A bridge that checks nothing, on loopback, for tests of what lies behind the checks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.bridge.bridge import Bridge
from twilio_rt_cli.bridge.core import Core
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.models.dialects.openai import session_config
from twilio_rt_cli.models.dialer import Dialer, Endpoint
from twilio_rt_cli.protocol.twilio import Start
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.run import BridgeServer
from twilio_rt_cli.tools.registry import ToolBox
from twilio_rt_cli.tools.runner import ToolRunner

PLAN = CallPlan(session=session_config(instructions="", voice="marin"), greeting="Hello")


@asynccontextmanager
async def open_bridge(
    model_url: str,
    *,
    plan: CallPlan = PLAN,
    publish: Callable[[Notice], None] = lambda _: None,
    around: Callable[[Call, Start, float], Core] = lambda call, start, now: call,
    toolbox: ToolBox | None = None,
) -> AsyncIterator[str]:
    """The ws:// URL of a bare media stream whose model is at this URL; `around` may put something around its Call."""
    model = Dialer(Endpoint(url=model_url))
    tools = ToolRunner(toolbox or load("sample"))

    def open_call(incoming: IncomingCall, start: Start, phone: Leg, on_over: Callable[[EndReason], None]) -> Bridge:
        now = asyncio.get_running_loop().time()
        return Bridge(
            start=start,
            phone=phone,
            call=around(Call(plan, start.stream_sid, now), start, now),
            models=(model,),
            tools=tools,
            publish=publish,
            on_over=on_over,
        )

    config = ServerConfig(port=0, validate=False, fallback_message="Sorry.", busy_message="Busy.")
    server = BridgeServer(config, open_call, lambda _: None)
    async with server.running() as port:
        yield port.local_url.replace("http:", "ws:") + "/media-stream"
