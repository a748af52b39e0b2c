"""The part of the story in which friends bring friends: shares, commission at two levels, shipping
and receipt, a withdrawal, and a refund that takes a part of it all back.

Must never know more than the rest of the story does: phones, operators' commands, the sandbox.
"""

from functools import partial

from infra.local import parcels
from infra.local.books import yuan
from infra.local.play import TWICE, Play, after_a_sweep, pays
from infra.local.seed import CAMPAIGN_ID
from infra.local.shopper import Purchase, Shopper, Withdrawal, wait_until
from infra.local.stack import Stack

ANNA, BAI, CAI = NAMES = ("小安", "小白", "小蔡")
FREEZE_SECONDS = 2
PART_FEN = 10_00


def put_plan(stack: Stack) -> None:
    """Two levels, the second a logged choice; a freeze so short that the story can wait for it."""
    stack.admin(
        "put_settings",
        commission={"rates_bp": [1000, 500], "freeze_seconds": FREEZE_SECONDS},
    )


def play(stage: Play) -> None:
    """From a share to a debt."""
    orders = friends_bring_friends(stage)
    goods_arrive(stage, orders)
    commission_is_released(stage)
    an_upline_takes_money_out(stage)
    a_late_refund_takes_a_part_back(stage, orders[0])


def friends_bring_friends(stage: Play) -> list[Purchase]:
    stage.timeline.scene("A friend brings a friend, who brings a friend")
    anna, bai, cai = (stage.members[name] for name in NAMES)
    bring(stage, anna, bai)
    bring(stage, bai, cai)
    leader = bai.opens(CAMPAIGN_ID).pays(times=TWICE)
    stage.timeline.line(BAI, "opens a group of 2", pays(leader))
    leader.waits_for("paid")
    friend = cai.joins(leader.group_id).pays(times=TWICE)
    stage.timeline.line(CAI, "joins", pays(friend))
    orders = [leader, friend]
    for order in orders:
        order.waits_for("to_ship")
    announced = {anna: 299 + 149, bai: 299}
    for upline, amount_fen in announced.items():
        wait_until(partial(pending, upline), amount_fen, f"what {upline.name} is to earn")
        stage.timeline.line(upline.name, f"is to earn {yuan(amount_fen)}")
    return orders


def bring(stage: Play, inviter: Shopper, invitee: Shopper) -> None:
    """One shares the shop, the other opens it."""
    share = inviter.shares("home")
    visit = invitee.visits(share["share_code"])
    stage.timeline.line(inviter.name, "shares the shop", f"QR scene {share['scene']}")
    until = visit["referral"]["expires_at"]
    stage.timeline.line(invitee.name, f"opens it: brought by {inviter.name}", f"until {until[:10]}")


def goods_arrive(stage: Play, orders: list[Purchase]) -> None:
    stage.timeline.scene("The goods are shipped and received")
    parcels.arrive(stage, orders)


def pending(upline: Shopper) -> int:
    pending_fen: int = upline.wallet()["pending_fen"]
    return pending_fen


def commission_is_released(stage: Play) -> None:
    stage.timeline.scene(f"{FREEZE_SECONDS} seconds after receipt the commission is theirs")
    anna, bai, _ = (stage.members[name] for name in NAMES)
    for upline, amount_fen in ((anna, 299 + 149), (bai, 299)):
        balance = after_a_sweep(stage, partial(available, upline))
        wait_until(balance, amount_fen, f"{upline.name}'s balance")
        stage.timeline.line(upline.name, f"has {yuan(amount_fen)} to take out")


def available(upline: Shopper) -> int:
    available_fen: int = upline.wallet()["available_fen"]
    return available_fen


def an_upline_takes_money_out(stage: Play) -> Withdrawal:
    stage.timeline.scene("An upline takes the money out")
    anna = stage.members[ANNA]
    withdrawal = anna.withdraws(anna.wallet()["available_fen"])
    stage.timeline.line(ANNA, f"withdraws {yuan(withdrawal.amount_fen)}")
    seconds = withdrawal.waits_for("confirming")
    stage.timeline.line("WeChat", f"waits for her word, {seconds:.1f} s later")
    withdrawal.confirms()
    seconds = withdrawal.waits_for("paid")
    stage.timeline.line(ANNA, "confirms in WeChat", f"paid {seconds:.1f} s later")
    return withdrawal


def a_late_refund_takes_a_part_back(stage: Play, order: Purchase) -> None:
    stage.timeline.scene("A part is refunded after all was paid out")
    stage.stack.admin(
        "refund_order", order_id=order.order_id, amount_fen=PART_FEN, reason="坏了几个"
    )
    order.waits_for_refunds("succeeded")
    stage.timeline.line("店主", f"gives {BAI} {yuan(PART_FEN)} back")
    anna = stage.members[ANNA]
    wait_until(lambda: anna.wallet()["debt_fen"], 100, f"{ANNA}'s debt")
    stage.timeline.line(ANNA, f"owes {yuan(100)} of commission: the next one pays it first")
