"""What commissions refuse."""

from chalicelib.kit.errors import TryAgain


class ReleaseBlocked(TryAgain):
    """A refund of the order is open: nothing is released before it has ended."""

    retry_after_seconds = 3600
