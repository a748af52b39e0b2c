"""Words for stories about withdrawals: who has earned, asks, confirms, and what they see."""

from typing import Any

from chalicelib.kit.aws import dynamodb
from tests.money import earns
from tests.shop import Member, Reply, Shop

PAYEE = {"real_name": "林小满", "id_number": "11010519491231002X"}


def earner(shop: Shop, name: str = "Lin", earned_fen: int = 5_000) -> Member:
    """A member with so much to take out."""
    member = shop.member(name)
    earns(shop.clock, member.member_id, earned_fen, order_id=f"ord_{name}")
    return member


def asks(member: Member, amount_fen: Any = 2_000, *, key: str | None = None) -> Reply:
    body = {"amount_fen": amount_fen}
    return member.send("POST", "/v1/withdrawals", body, key=key or member.next_key())


def asked(member: Member, amount_fen: int = 2_000) -> str:
    """The id of a new withdrawal; nothing has followed from it yet."""
    reply = asks(member, amount_fen)
    assert reply.status == 201, reply
    return str(reply["withdrawal_id"])


def seen(member: Member, withdrawal_id: str) -> Any:
    reply = member.send("GET", f"/v1/withdrawals/{withdrawal_id}")
    assert reply.status == 200, reply
    return reply.content


def status(member: Member, withdrawal_id: str) -> str:
    return str(seen(member, withdrawal_id)["status"])


def wallet(member: Member) -> Any:
    reply = member.send("GET", "/v1/wallet")
    assert reply.status == 200, reply
    return reply.content


def cancels(member: Member, withdrawal_id: str) -> Reply:
    return member.send("POST", f"/v1/withdrawals/{withdrawal_id}/cancel")


def confirms(member: Member, withdrawal_id: str, **how: Any) -> None:
    """The member taps "receive" in WeChat; the money moves when the shop settles."""
    package = seen(member, withdrawal_id)["transfer"]["package"]
    member.shop.sandbox.confirm_transfer(member.name, package, **how)


def paid(member: Member, amount_fen: int = 2_000) -> str:
    """A withdrawal all the way to the member's pocket."""
    withdrawal_id = asked(member, amount_fen)
    member.shop.settles()
    confirms(member, withdrawal_id)
    member.shop.settles()
    assert status(member, withdrawal_id) == "paid"
    return withdrawal_id


def limits(**changes: Any) -> dict[str, Any]:
    return {"withdrawal": changes}


def writes_decision(shop: Shop, withdrawal_id: str, **fields: Any) -> None:
    """An operator writes it in the console."""
    item: dict[str, Any] = {
        "withdrawal_id": {"S": withdrawal_id},
        "kind": {"S": "decision"},
        **{
            name: value if isinstance(value, dict) else {"S": value}
            for name, value in fields.items()
        },
    }
    dynamodb().put_item(TableName="kaituan-test-withdrawals", Item=item)


def decision(shop: Shop, withdrawal_id: str) -> Any:
    """The decision as it lies beside the withdrawal."""
    return shop.rows("withdrawals", withdrawal_id=withdrawal_id, kind="decision")[0]


def row(shop: Shop, withdrawal_id: str) -> Any:
    return shop.rows("withdrawals", withdrawal_id=withdrawal_id, kind="withdrawal")[0]


def asks_in_vain(shop: Shop, member: Member, amount_fen: object) -> str:
    """The code of a request that is refused and changes nothing."""
    before = shop.everything()
    reply = asks(member, amount_fen)
    assert shop.everything() == before
    return str(reply.code)


def terms_of(shop: Shop, withdrawal_id: str) -> dict[str, object]:
    """What WeChat was asked for under the number: asking it again gives the package."""
    return dict(shop.sandbox._transfers.get(withdrawal_id, shop.clock.now()).terms)
