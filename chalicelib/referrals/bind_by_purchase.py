"""Bind through the share code that comes with a purchase: the visit before it may have been lost on
a bad line. Never stands in the way of the purchase.
"""

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import Refusal
from chalicelib.referrals.visit import bind

logger = Logger()


def bind_by_purchase(share_code: str | None, buyer_id: str, *, clock: Clock) -> None:
    """Bind as a visit would, where there is a code. Raises nothing that a visit refuses."""
    if share_code is None:
        return
    try:
        bind(share_code, buyer_id, clock=clock)
    except (Refusal, BotoCoreError, ClientError) as error:
        logger.info("not_bound", error=type(error).__name__)
