"""The app as tests call it: each invocation with the rights of the function that is invoked."""

from app import app
from chalicelib import settings, wiring
from chalicelib.admin.dispatch import MOVES_MONEY
from tests.policy_watch import as_the_function_called, uses

__all__ = ["Watched", "app", "function_for"]

app.register_middleware(as_the_function_called, "all")


class Watched(wiring.Wiring):
    """Whoever asks for secrets must be allowed to read parameters."""

    @property
    def secrets(self) -> settings.Secrets:
        uses.note_of("ssm:GetParametersByPath", "parameter/kaituan/test")
        return super().secrets


def function_for(command: object) -> str:
    """Which function operators send a command to."""
    return "admin_money" if MOVES_MONEY.get(str(command), False) else "admin"
