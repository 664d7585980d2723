import asyncio

import httpx

from twilio_rt_cli.call_test.local_bridge import run_local_bridge
from twilio_rt_cli.protocol.signature import headers_for


def test_it_serves_on_loopback_and_believes_only_its_own_token() -> None:
    async def ask() -> tuple[str, int, str]:
        form = (("AccountSid", "AC" + "1" * 32), ("CallSid", "CA" + "1" * 32))
        async with run_local_bridge("ws://127.0.0.1:1", "token", lambda *_: None) as origin:
            async with httpx.AsyncClient(trust_env=False) as http:
                url = f"{origin}/incoming-call"
                forged = await http.post(url, data=dict(form), headers=headers_for("other", url, form))
                asked = await http.post(url, data=dict(form), headers=headers_for("token", url, form))
            return origin, forged.status_code, asked.text

    origin, forged, twiml = asyncio.run(ask())

    assert origin.startswith("http://127.0.0.1:")
    assert forged == 403
    assert f'<Stream url="{origin.replace("http", "ws")}/media-stream/' in twiml
