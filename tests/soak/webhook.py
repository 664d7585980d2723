"""What Twilio asks over HTTP when a stream is over, on a connection of its own."""

import asyncio
from urllib.parse import urlencode

from twilio_rt_cli.protocol.twilio import AccountSid, CallSid

WEBHOOKS = ("/stream-ended", "/call-status")


async def tell(media_url: str, path: str, call_sid: CallSid, account_sid: AccountSid) -> int:
    """Post one of the webhooks about this call, unsigned; gives the status. Raises OSError, ValueError."""
    address = media_url.removeprefix("ws://").partition("/")[0]
    host, _, port = address.rpartition(":")
    body = urlencode({"CallSid": call_sid, "AccountSid": account_sid, "CallStatus": "completed"})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write((head + body).encode())
        answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    return int(answer.split(b" ", 2)[1])
