"""What draws refuse."""

from chalicelib.kit.errors import TryAgain


class DrawsOff(TryAgain):
    """Draws are switched off: the parameter draw_keys is missing. Nothing is drawn unsealed."""
