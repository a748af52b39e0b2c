"""What people, operators and WeChat's side want to do in a run, one by one, drawn from the seed.

Each wish finds what it is about when its turn comes, and does nothing where there is nothing. Only
drawing and doing are here; the shop decides what comes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from chalicelib.withdrawals.model import OPEN
from infra.local.wechat.refusals import ControlRefusal
from tests.shop import ADDRESS
from tests.simulation.ground import CAMPAIGN, STATION, Ground
from tests.simulation.people import Bought, Person
from tests.simulation.themes import Theme
from tests.simulation.verdict import LOST_PAYMENT

PEOPLE = 6
MOST_LOOKS = 3
"""For a group to join, before somebody opens one."""
JOINS = "joins"
Does = Callable[[Ground, Person, Random], None]


@dataclass(frozen=True)
class Wish:
    """One thing that somebody wants. `seconds`: time that passes instead. `rush`: the name of those
    who want it at once.
    """

    name: str
    what: str
    who: int = 0
    seconds: int = 0
    rush: str = ""


def draw(seed: int, count: int, theme: Theme) -> list[Wish]:
    """So many wishes, each named, so that a run can be told without some. Each run has a taste of
    its own beside its theme: some things are wished for often, some never.
    """
    chance = Random(f"{seed} wishes")
    weights = {name: weight * chance.choice([0, 1, 1, 3]) for name, (weight, _) in WISHES.items()}
    weights[JOINS] = WISHES[JOINS][0] * chance.choice([1, 2, 3])
    weights |= theme.often
    wishes = [Wish(f"w{who:02d}", what, who % PEOPLE) for who, what in enumerate(theme.first)]
    while len(wishes) < count:
        if len(wishes) >= count * theme.later_from:
            weights |= theme.later
        drawn = chance.random()
        name, who = f"w{len(wishes):02d}", chance.randrange(PEOPLE)
        if drawn < theme.in_breaks:
            wishes.append(Wish(name, "time", who, chance.choice(theme.breaks_seconds)))
        elif drawn < theme.in_breaks + theme.in_rushes:
            wishes += _rush(chance, len(wishes), who, theme)
        else:
            wishes.append(Wish(name, chance.choices([*weights], [*weights.values()])[0], who))
    return wishes


def later_from(count: int, theme: Theme) -> str:
    """The name of the first wish that comes after a quiet time, in which goods arrive and are
    settled.
    """
    return f"w{int(count * theme.later_from):02d}"


def _rush(chance: Random, number: int, who: int, theme: Theme) -> list[Wish]:
    """Several people at once, or one who taps twice."""
    what, alone = chance.choice(theme.rushes), chance.random() < 0.45
    rush = f"rush {number}"
    return [
        Wish(f"w{number + each:02d}", what, who if alone else (who + each) % PEOPLE, 0, rush)
        for each in range(2 if alone else chance.randint(2, 4))
    ]


def fulfil(wish: Wish, ground: Ground, chance: Random) -> None:
    """Do what it says."""
    _, does = WISHES[wish.what]
    does(ground, ground.people[wish.who], chance)


# Buying


def _opens(ground: Ground, person: Person, chance: Random) -> None:
    body = {**_purchase(ground, chance), "campaign_id": CAMPAIGN}
    if ground.kind == "voucher" and chance.random() < 0.9:
        body |= {"voucher_id": "free", "quantity": 1}
    _then(ground, person, person.buys("/v1/groups", body, chance=chance), chance)


def _joins(ground: Ground, person: Person, chance: Random) -> None:
    """A group that forms, more often than not the fullest; where there is none, and none that is
    just being opened, they open one and pay.
    """
    group_id = _group_to_join(ground, person, chance)
    for _ in range(MOST_LOOKS):
        if group_id is not None or not ground.world.rows("groups", group_state="pending"):
            break
        ground.world.scheduler.rest(chance.randint(3, 20))
        group_id = _group_to_join(ground, person, chance)
    if group_id is None:
        body = {**_purchase(ground, chance), "campaign_id": CAMPAIGN}
        bought = person.buys("/v1/groups", body, chance=chance)
        if bought is not None and bought.payment is not None:
            _pay(ground, person, bought, chance)
        return
    path = f"/v1/groups/{group_id}/members"
    _then(ground, person, person.buys(path, _purchase(ground, chance), chance=chance), chance)


def _group_to_join(ground: Ground, person: Person, chance: Random) -> str | None:
    prefers_fullest = chance.random() < 0.8
    rows = ground.world.rows("groups", kind="group", group_state="forming")
    mine = {bought.group_id for bought in person.bought}
    heads = [row for row in rows if "crowd_id" not in row]
    forming = sorted(
        heads, key=lambda row: (row["seats_free"] < 1, row["seats_free"], row["group_id"])
    )
    others = [str(row["group_id"]) for row in forming if row["group_id"] not in mine]
    if not others:
        return str(forming[0]["group_id"]) if forming and chance.random() < 0.2 else None
    return others[0] if prefers_fullest else chance.choice(others)


def _buys(ground: Ground, person: Person, chance: Random) -> None:
    body = {"sku_id": ground.sku_id, "quantity": chance.choice([1, 1, 2]), "address": ADDRESS}
    _then(ground, person, person.buys("/v1/orders", body, chance=chance), chance)


def _purchase(ground: Ground, chance: Random) -> dict[str, Any]:
    body: dict[str, Any] = {"sku_id": ground.sku_id, "quantity": chance.choice([1, 1, 1, 2])}
    where = {"station_id": STATION} if ground.at_station else {"address": ADDRESS}
    wishes = {"custom_fields": {"words": "小满"}} if ground.is_custom else {}
    return body | where | wishes


def _then(ground: Ground, person: Person, bought: Bought | None, chance: Random) -> None:
    """Most pay at once, some later, some never."""
    if bought is None or bought.payment is None:
        return
    drawn, at_once = chance.random(), ground.theme.pays_at_once
    if drawn < at_once:
        _pay(ground, person, bought, chance)
    elif drawn < (1 + at_once) / 2:
        ground.world.scheduler.rest(chance.randint(1, 40))
        _pay(ground, person, bought, chance)


def _pay(ground: Ground, person: Person, bought: Bought, chance: Random) -> None:
    """At WeChat, which takes it as long as it has not closed the order; many phones then ask us
    whether it is in.
    """
    copies = chance.choice([0, 1, 1, 1, 2])
    try:
        ground.world.sandbox.pay(person.name, bought.payment or {}, notify={"times": copies})
    except ControlRefusal as refusal:
        ground.world.scheduler.note(f"{person.name} cannot pay: {refusal}")
        return
    ground.world.scheduler.note(f"{person.name} pays {bought.order_id}")
    if chance.random() < 0.4:
        person.asks("POST", f"/v1/orders/{bought.order_id}/payment-check", chance=chance)


def _pays_late(ground: Ground, person: Person, chance: Random) -> None:
    """What they have not paid yet, be it over, or, rarely, what they have."""
    payable = [bought for bought in person.bought if bought.payment is not None]
    unpaid = [bought for bought in payable if not ground.world.is_paid(bought.order_id)]
    over = [each for each in unpaid if _is_cancelled(ground, each)]
    drawn = chance.random()
    chosen = (over if drawn < 0.5 else []) or (unpaid if drawn < 0.9 else []) or payable
    if chosen:
        _pay(ground, person, chosen[-1], chance)


def _is_cancelled(ground: Ground, bought: Bought) -> bool:
    state = {"order_id": bought.order_id, "order_state": "cancelled"}
    return bool(ground.world.rows("orders", **state))


def _asks_for_payment(ground: Ground, person: Person, chance: Random) -> None:
    _about_order(ground, person, "payment", "awaiting_payment", chance)


def _checks(ground: Ground, person: Person, chance: Random) -> None:
    _about_order(ground, person, "payment-check", "awaiting_payment", chance)


def _cancels(ground: Ground, person: Person, chance: Random) -> None:
    """And pay all the same, sometimes: the phone still shows what is to be paid."""
    _about_order(ground, person, "cancel", "awaiting_payment", chance)
    over = [each for each in person.bought if each.payment and _is_cancelled(ground, each)]
    if over and chance.random() < 0.5:
        _pay(ground, person, over[-1], chance)


def _receives(ground: Ground, person: Person, chance: Random) -> None:
    _about_order(ground, person, "receipt", "shipped", chance)


def _about_order(ground: Ground, person: Person, verb: str, mostly_in: str, chance: Random) -> None:
    """Mostly of one in that state, where they have any."""
    own = [bought.order_id for bought in person.bought]
    state = {"order_state": mostly_in}
    fitting = [one for one in own if ground.world.rows("orders", order_id=one, **state)]
    if own:
        order_id = chance.choice(fitting if fitting and chance.random() < 0.8 else own)
        person.asks("POST", f"/v1/orders/{order_id}/{verb}", chance=chance)


def _repeats(_ground: Ground, person: Person, chance: Random) -> None:
    person.repeats(chance)


def _looks(_ground: Ground, person: Person, chance: Random) -> None:
    for bought in person.bought[-2:]:
        if bought.group_id:
            person.asks("GET", f"/v1/groups/{bought.group_id}", chance=chance)
    person.asks("GET", "/v1/orders", chance=chance)


# Money back


def _asks_back(ground: Ground, person: Person, chance: Random) -> None:
    """Mostly of what they have, all of it or a part."""
    if not person.bought:
        return
    body: dict[str, Any] = {"type": "refund_only", "reason": "不想要了"}
    drawn = chance.random()
    if drawn < 0.4:
        body["amount_fen"] = chance.choice([1, 100, 700, 1200])
    elif drawn < 0.55:
        body["type"] = "return_goods"
    own = [bought.order_id for bought in person.bought]
    paid = [each for each in own if ground.world.is_paid(each)]
    order_id = chance.choice(paid if paid and chance.random() < 0.9 else own)
    person.makes(f"/v1/orders/{order_id}/refunds", body, "refund", chance=chance)


def _own_refund(ground: Ground, person: Person, chance: Random) -> str | None:
    own = {bought.order_id for bought in person.bought}
    rows = [row for row in ground.world.rows("refunds") if row["order_id"] in own]
    return chance.choice(sorted(str(row["refund_id"]) for row in rows)) if rows else None


def _takes_back(ground: Ground, person: Person, chance: Random) -> None:
    refund_id = _own_refund(ground, person, chance)
    if refund_id:
        person.asks("POST", f"/v1/refunds/{refund_id}/cancel", chance=chance)


def _sends_back(ground: Ground, person: Person, chance: Random) -> None:
    refund_id = _own_refund(ground, person, chance)
    if refund_id:
        body = {"carrier": "顺丰", "tracking_no": "SF2002"}
        person.asks("POST", f"/v1/refunds/{refund_id}/return-shipment", body, chance=chance)


# Sharing and earning


def _shares(ground: Ground, person: Person, chance: Random) -> None:
    """And a friend comes through it."""
    reply = person.asks("POST", "/v1/shares", {"target_type": "home"}, chance=chance)
    if reply.status == 201:
        friend = chance.choice(ground.people)
        friend.asks("POST", f"/v1/shares/{reply['share_code']}/visits", chance=chance)


def _withdraws(ground: Ground, person: Person, chance: Random) -> None:
    """Whoever it is, or else one of those who have something."""
    rows = ground.world.rows("ledger", entry="balance")
    rich = {row["account_id"] for row in rows if int(row.get("available_fen", 0)) >= 100}
    others = [one for one in ground.people if f"member:{one.member_id}" in rich]
    for earner in [person, *(one for one in others if one is not person)]:
        body = {"amount_fen": chance.choice([100, 100, 130])}
        reply = earner.makes("/v1/withdrawals", body, "withdrawal", chance=chance)
        if reply.status == 201:
            return


def _confirms(ground: Ground, _person: Person, chance: Random) -> None:
    """Whoever has money waiting at WeChat takes it, if WeChat can deliver it."""
    for row in ground.world.rows("withdrawals", withdrawal_state="confirming"):
        owner = next(one for one in ground.people if one.member_id == row["member_id"])
        if "package_info" in row:
            outcome = chance.choice(["success", "success", "success", "fail"])
            try:
                ground.world.sandbox.confirm_transfer(owner.name, row["package_info"], outcome)
            except ControlRefusal as refusal:
                ground.world.scheduler.note(f"{owner.name} cannot take it: {refusal}")


def _cancels_withdrawal(ground: Ground, _person: Person, chance: Random) -> None:
    """Mostly one that is still under way."""
    rows = sorted(ground.world.rows("withdrawals", kind="withdrawal"), key=_by("withdrawal_id"))
    alive = [row for row in rows if row["withdrawal_state"] in OPEN]
    if rows:
        row = chance.choice(alive if alive and chance.random() < 0.9 else rows)
        owner = next(one for one in ground.people if one.member_id == row["member_id"])
        path = f"/v1/withdrawals/{row['withdrawal_id']}/cancel"
        owner.asks("POST", path, chance=chance)


# Operators


def _by(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: str(row[name])


def _some(ground: Ground, chance: Random, table: str, name: str, **equal: Any) -> str | None:
    rows = ground.world.rows(table, **equal)
    return chance.choice(sorted(str(row[name]) for row in rows)) if rows else None


def _operates(ground: Ground, command: str, **fields: Any) -> None:
    answer = ground.world.tries_admin(command, **fields)
    said = answer if answer is None or answer["ok"] else answer["error"]
    outcome = said.get("outcome", said.get("code", "done")) if said else "cut off"
    ground.world.scheduler.note(f"operator: {command} {fields} -> {outcome}")


def _ships(ground: Ground, _person: Person, chance: Random) -> None:
    """Whatever may go; at a station it arrives."""
    groups = sorted(str(row["group_id"]) for row in ground.world.rows("groups", kind="group"))
    if ground.at_station and groups and chance.random() < 0.8:
        _operates(ground, "arrive_at_station", group_id=chance.choice(groups))
    for row in sorted(ground.world.rows("orders", order_state="to_ship"), key=_by("order_id")):
        fields = {"carrier": "SF", "tracking_no": "SF1001"}
        if not row.get("station_id"):
            _operates(ground, "ship_order", order_id=row["order_id"], **fields)


def _redeems(ground: Ground, _person: Person, chance: Random) -> None:
    rows = [row for row in ground.world.rows("orders") if row.get("pickup_code")]
    if rows:
        code = chance.choice(sorted(str(row["pickup_code"]) for row in rows))
        leader = ground.people[-1]
        path = f"/v1/stations/{STATION}/redemptions"
        leader.asks("POST", path, {"pickup_code": code}, chance=chance)


def _decides(ground: Ground, _person: Person, chance: Random) -> None:
    asked = [
        str(row["refund_id"])
        for row in ground.world.rows("refunds")
        if row["refund_state"] in ("awaiting_operator", "awaiting_return")
    ]
    if asked:
        decision = chance.choice(["approve", "approve", "reject", "reject"])
        reason = f"看过了 {chance.randrange(3)}"
        chosen = chance.choice(sorted(asked))
        _operates(ground, "decide_refund", refund_id=chosen, decision=decision, reason=reason)


def _pays_back(ground: Ground, _person: Person, chance: Random) -> None:
    """Of what is paid; also of what is earned on."""
    paid = [row["order_id"] for row in ground.world.rows("orders") if "transaction_id" in row]
    if paid:
        order_id = chance.choice(sorted(paid))
        amount = {"amount_fen": chance.choice([1, 200, 900])} if chance.random() < 0.6 else {}
        _operates(ground, "refund_order", order_id=order_id, **amount)


def _cancels_group(ground: Ground, _person: Person, chance: Random) -> None:
    group_id = _some(ground, chance, "groups", "group_id", kind="group")
    if group_id:
        _operates(ground, "cancel_group", group_id=group_id)


def _cancels_order(ground: Ground, _person: Person, chance: Random) -> None:
    order_id = _some(ground, chance, "orders", "order_id")
    if order_id:
        _operates(ground, "cancel_order", order_id=order_id, reason="缺货")


def _judges_withdrawal(ground: Ground, _person: Person, chance: Random) -> None:
    withdrawal_id = _some(
        ground, chance, "withdrawals", "withdrawal_id", withdrawal_state="reviewing"
    )
    if withdrawal_id:
        command = chance.choice(["approve_withdrawal", "approve_withdrawal", "reject_withdrawal"])
        _operates(ground, command, withdrawal_id=withdrawal_id)


def _restocks(ground: Ground, _person: Person, chance: Random) -> None:
    """More or fewer units than before, as long as nobody has them."""
    units = ground.units + chance.choice([-1, 1, 2])
    _operates(ground, "put_product", **ground.world.product(units=units))


def _makes(ground: Ground, _person: Person, chance: Random) -> None:
    """The merchant says whether goods to order are made."""
    group_id = _some(ground, chance, "groups", "group_id", production="requested")
    if group_id:
        if chance.random() < 0.6:
            answer = {"decision": "accept", "ships_by": ground.world.at(20 * 86_400)}
        else:
            answer = {"decision": "reject"}
        _operates(ground, "decide_production", group_id=group_id, **answer)


def _campaign_stops(ground: Ground, _person: Person, chance: Random) -> None:
    resume = {"resume": True} if chance.random() < 0.7 else {}
    _operates(ground, "pause_campaign", campaign_id=CAMPAIGN, **resume)


# WeChat's side


def _replays(ground: Ground, _person: Person, chance: Random) -> None:
    """WeChat tells an old story once more."""
    order_id = _some(ground, chance, "orders", "order_id")
    if order_id:
        try:
            ground.world.sandbox.replay(order_id, times=chance.choice([1, 2]))
        except ControlRefusal:
            return


def _refund_fails(ground: Ground, _person: Person, chance: Random) -> None:
    """One that is under way cannot be paid: the card is gone, or WeChat closes it."""
    for row in sorted(ground.world.rows("orders"), key=_by("order_id")):
        for refund in ground.world.sandbox.refunds_of(row["order_id"]):
            if refund["status"] == "PROCESSING":
                outcome = chance.choice(["abnormal", "closed"])
                ground.world.sandbox.settle_refund(refund["out_refund_no"], outcome)
                ground.world.scheduler.note(f"WeChat: {refund['out_refund_no']} {outcome}")
                return


def _repairs(ground: Ground, _person: Person, chance: Random) -> None:
    """An operator tries again what waits for one."""
    for row in sorted(ground.world.rows("refunds"), key=_by("refund_id")):
        refund_id, state = row["refund_id"], row["refund_state"]
        if state == "abnormal":
            how = chance.choice(["retry", "retry", "paid_by_hand"])
            _operates(ground, "resolve_abnormal_refund", refund_id=refund_id, resolution=how)
        elif state == "closed":
            _operates(ground, "retry_refund", refund_id=refund_id)


def clear_up(ground: Ground, chance: Random) -> None:
    """In the end everything goes out, and every refund that waits for a person is seen to: some in
    WeChat's own platform.
    """
    _ships(ground, ground.people[0], chance)
    judge_withdrawals(ground, chance)
    for row in sorted(ground.world.rows("refunds"), key=_by("refund_id")):
        refund_id, state = str(row["refund_id"]), row["refund_state"]
        if state == "abnormal" and chance.random() < 0.5:
            number = f"{refund_id}_{row['attempt']}"
            ground.world.sandbox.settle_refund(number, "success")
        elif state == "abnormal":
            by_hand = {"resolution": "paid_by_hand"}
            _operates(ground, "resolve_abnormal_refund", refund_id=refund_id, **by_hand)
        elif state == "closed":
            _operates(ground, "retry_refund", refund_id=refund_id)
        elif state == "awaiting_operator":
            how = {"decision": chance.choice(["approve", "reject"]), "reason": "清账"}
            _operates(ground, "decide_refund", refund_id=refund_id, **how)


def judge_withdrawals(ground: Ground, chance: Random) -> None:
    """None is left for an operator to look at."""
    waiting = ground.world.rows("withdrawals", withdrawal_state="reviewing")
    for row in sorted(waiting, key=_by("withdrawal_id")):
        command = chance.choice(["approve_withdrawal", "reject_withdrawal"])
        _operates(ground, command, withdrawal_id=row["withdrawal_id"])


def take_lost_payments(ground: Ground) -> None:
    """Of orders that WeChat took for closed, and of whose payment it told nobody: only the bill of
    that day shows them.
    """
    for row in ground.world.rows("reconciliations", kind=LOST_PAYMENT):
        _operates(ground, "take_payment", order_id=row["about"])


WISHES: dict[str, tuple[int, Does]] = {
    JOINS: (20, _joins),
    "opens": (5, _opens),
    "buys": (3, _buys),
    "pays_late": (5, _pays_late),
    "asks_for_payment": (2, _asks_for_payment),
    "checks": (3, _checks),
    "cancels": (5, _cancels),
    "receives": (3, _receives),
    "repeats": (3, _repeats),
    "looks": (1, _looks),
    "asks_back": (4, _asks_back),
    "takes_back": (1, _takes_back),
    "sends_back": (2, _sends_back),
    "shares": (4, _shares),
    "withdraws": (4, _withdraws),
    "confirms": (3, _confirms),
    "cancels_withdrawal": (2, _cancels_withdrawal),
    "ships": (5, _ships),
    "redeems": (2, _redeems),
    "decides": (3, _decides),
    "pays_back": (2, _pays_back),
    "cancels_group": (1, _cancels_group),
    "cancels_order": (1, _cancels_order),
    "judges_withdrawal": (3, _judges_withdrawal),
    "restocks": (1, _restocks),
    "makes": (2, _makes),
    "campaign_stops": (1, _campaign_stops),
    "replays": (2, _replays),
    "refund_fails": (2, _refund_fails),
    "repairs": (1, _repairs),
}
"""Each with how often it is wished for."""
