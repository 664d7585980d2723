"""Whatever a stranger sends to the admin port, our log shows no error."""

from tests.server.conftest import no_errors_logged

__all__ = ["no_errors_logged"]
