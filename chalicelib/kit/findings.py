"""What should not have happened, written down for a person: stray callbacks, poison items,
differences.

Each finding is one item and one log line with an `alarm` field that a metric counts. Writing one
never stops the work around it.
"""

from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit.clock import Clock, after, epoch_seconds, stored
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.ids import derived_id
from chalicelib.kit.tables import PlainMapAttribute, Row, TimeAttribute
from chalicelib.kit.writes import WriteSet

_KEPT_SECONDS = 400 * 24 * 3600

logger = Logger()


class FindingRow(Row):
    """One thing for a person to look at. Never holds personal data beyond our own ids."""

    class Meta:
        table = "findings"

    finding_day = UnicodeAttribute(hash_key=True)
    finding_id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    about = UnicodeAttribute()
    facts = PlainMapAttribute()
    found_at = TimeAttribute()
    expires_epoch_seconds = NumberAttribute()


def record(
    kind: str,
    about: str,
    facts: dict[str, Any],
    *,
    clock: Clock,
    must: bool = False,
    same: tuple[str, ...] | None = None,
) -> None:
    """Write down one finding; the same kind about the same thing with the same facts counts once a
    day. `must`: raise TryAgain when it cannot be stored, for what WeChat would not tell us twice.
    `same`: what makes it the same, where the facts may change meanwhile; the newest are kept.
    """
    now = clock.now()
    logger.error("finding", alarm=kind, about=about, facts=facts)
    row = FindingRow(
        finding_day=stored(now)[:10],
        finding_id=derived_id("fnd", kind, about, *(same or [repr(sorted(facts.items()))])),
        kind=kind,
        about=about,
        facts=facts,
        found_at=now,
        expires_epoch_seconds=epoch_seconds(after(now, _KEPT_SECONDS)),
    )
    writes = WriteSet()
    writes.put(row)
    try:
        writes.commit()
    except (BotoCoreError, ClientError, TryAgain):
        logger.exception("finding_not_stored", alarm="finding_not_stored", about=about)
        if must:
            raise TryAgain("A finding could not be stored.") from None


def poison(about: str, error: BaseException, *, clock: Clock) -> None:
    """Set a bad item aside: the rest goes on, a person looks at this one."""
    facts = {"error": type(error).__name__, "message": str(error)[:500]}
    logger.error("poison_item", about=about, exc_info=error)
    record("poison_item", about, facts, clock=clock)
