"""Words for stories about vouchers: who is granted one, and what they hold."""

from typing import Any

from tests.shop import Member, Shop

WEEK_SECONDS = 7 * 24 * 3600


def granted(shop: Shop, name: str, voucher_id: str = "v1", **changes: Any) -> Member:
    """Somebody with a voucher for any campaign, good for a week."""
    member = shop.member(name)
    fields = {"expires_at": shop.at(WEEK_SECONDS), **changes}
    shop.admin("grant_voucher", member_id=member.member_id, voucher_id=voucher_id, **fields)
    return member


def vouchers(member: Member, query: str = "") -> Any:
    """A page of the member's own."""
    reply = member.send("GET", f"/v1/vouchers{query}")
    assert reply.status == 200, reply
    return reply.content


def state(member: Member, voucher_id: str = "v1") -> tuple[str, str | None]:
    """What can be done with one, and the order it stands for."""
    (own,) = [each for each in vouchers(member)["items"] if each["voucher_id"] == voucher_id]
    return own["status"], own["order_id"]
