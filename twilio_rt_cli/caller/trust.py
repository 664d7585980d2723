"""Whose certificates we believe: on this machine, what the system or SSL_CERT_FILE says; elsewhere, what httpx does.

On loopback httpx is told to leave the environment alone, for its proxies; with them it would leave SSL_CERT_FILE.
"""

import ssl

from twilio_rt_cli.protocol.origin import is_loopback_url


def trusted(url: str) -> ssl.SSLContext | bool:
    """What httpx wants for `verify` when it asks this URL."""
    if url.startswith(("https:", "wss:")) and is_loopback_url(url):
        return ssl.create_default_context()
    return True
