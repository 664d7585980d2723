"""A certificate for loopback, made when it is needed and never kept: `openssl` must be there."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1; who trusts the file trusts the server."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For the side that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificate(folder: Path) -> Certificate:
    """Write key and certificate into the folder. Raises CalledProcessError or FileNotFoundError without openssl."""
    made = Certificate(folder / "bench.pem", folder / "bench.key")
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout {made.key} -out {made.certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True, timeout=30)
    return made
