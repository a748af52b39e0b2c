"""The whole story: groups that fill and fail, payments that come late, friends who bring friends,
and a WeChat that fails and repeats itself.

Must never write to a table or call code of the app: members have phones, the operator sends
commands, WeChat is the sandbox.
"""

from infra.local import friends
from infra.local.books import yuan
from infra.local.play import TWICE, Play, pays, sign_in, the_time_is_over, window_around_now
from infra.local.sandbox_control import CLOSE_PATH, PREPAY_PATH, REFUND_PATH, SandboxControl
from infra.local.seed import SKU_ID
from infra.local.shopper import Purchase, Unexpected, wait_until
from infra.local.stack import Stack

NAMES = ("小林", "小王", "小陈", "小周", "小吴", "小何", "小郑", *friends.NAMES)
FOR_THREE, FOR_FEW_SECONDS = "oranges-for-three", "oranges-in-a-hurry"
FEW_SECONDS = 8
PARTIAL_REFUND_FEN = 10_00


def put_catalogue(stack: Stack) -> None:
    """Beside the small catalogue, two campaigns of three: a long one and a very short one."""
    friends.put_plan(stack)
    for campaign_id, title, seconds in (
        (FOR_THREE, "脐橙三人团", 24 * 3600),
        (FOR_FEW_SECONDS, "脐橙八秒团", FEW_SECONDS),
    ):
        stack.admin(
            "put_campaign",
            campaign_id=campaign_id,
            title=title,
            play="team",
            size=3,
            duration_seconds=seconds,
            **window_around_now(),
            per_member_limit=5,
            rules={},
            skus=[{"sku_id": SKU_ID, "group_price_fen": 2490}],
        )


def play(stage: Play) -> None:
    """Every scene in turn."""
    everyone_signs_in(stage)
    hurried = a_group_begins_that_has_little_time(stage)
    a_group_of_three_completes(stage)
    a_payment_comes_too_late(stage)
    wechat_fails_after_preparing_a_payment(stage)
    an_operator_gives_a_part_back(stage)
    the_little_time_is_over(stage, hurried)
    friends.play(stage)
    wechat_repeats_itself(stage)


def everyone_signs_in(stage: Play) -> None:
    stage.timeline.scene("Ten members sign in")
    sign_in(stage, NAMES)
    stage.timeline.line("everyone", "wx.login", "POST /v1/sessions", "signed in")


def a_group_begins_that_has_little_time(stage: Play) -> list[Purchase]:
    stage.timeline.scene(f"A group that has {FEW_SECONDS} seconds")
    zhou, wu = stage.members["小周"], stage.members["小吴"]
    leader = zhou.opens(FOR_FEW_SECONDS).pays(times=TWICE)
    stage.timeline.line("小周", "opens a group of 3", pays(leader))
    leader.waits_for("paid")
    friend = wu.joins(leader.group_id).pays(times=TWICE)
    stage.timeline.line("小吴", "joins", pays(friend))
    friend.waits_for("paid")
    group = wu.group(leader.group_id)
    seats = f"{group['paid_count']} of {group['size']} seats are paid"
    stage.timeline.line("小吴", seats, f"over at {group['expires_at'][11:19]} UTC")
    return [leader, friend]


def a_group_of_three_completes(stage: Play) -> None:
    stage.timeline.scene("A group of three completes")
    leader = stage.members["小林"].opens(FOR_THREE, quantity=2).pays(times=TWICE)
    stage.timeline.line("小林", "opens a group of 3", pays(leader))
    leader.waits_for("paid")
    orders = [leader]
    for name in ("小王", "小陈"):
        orders.append(stage.members[name].joins(leader.group_id).pays(times=TWICE))
        stage.timeline.line(name, "joins", pays(orders[-1]))
    seconds = [order.waits_for("to_ship") for order in orders]
    stage.timeline.line("开团", f"all three orders are to_ship {max(seconds):.1f} s later")


def a_payment_comes_too_late(stage: Play) -> None:
    stage.timeline.scene("A payment comes after the order was cancelled")
    order = stage.members["小何"].buys()
    stage.timeline.line("小何", f"buys alone for {yuan(order.amount_fen)}", "has the cashier open")
    stage.wechat.fault(CLOSE_PATH.format(order.order_id), "close_ignored")
    cancelled = order.cancels().expect(200, "cancelling")["status"]
    trade = stage.wechat.trade(order.order_id)["trade_state"]
    stage.timeline.line("小何", f"cancels: {cancelled}", f"but WeChat lost our close: {trade}")
    order.pays(times=TWICE)
    stage.timeline.line("小何", pays(order))
    seconds = order.waits_for("refunded")
    stage.timeline.line("开团", f"gives the money back by itself, {seconds:.1f} s later")


def wechat_fails_after_preparing_a_payment(stage: Play) -> None:
    stage.timeline.scene("WeChat fails once, after the work was done")
    stage.wechat.fault(PREPAY_PATH, "error_after")
    order = stage.members["小郑"].buys()
    stage.timeline.line("WeChat", "prepares the payment and answers 500")
    stage.timeline.line("小郑", "the order stands", f"payment is {order.payment_state}")
    if order.payment_state != "unavailable":
        raise Unexpected("the payment to be unavailable", order.payment_state)
    order.asks_to_pay_again().pays(times=TWICE)
    stage.timeline.line("小郑", "asks again", pays(order))
    order.waits_for("to_ship")
    stage.timeline.line("开团", "paid once, to_ship")


def an_operator_gives_a_part_back(stage: Play) -> None:
    stage.timeline.scene("An operator decides a refund; WeChat fails once more")
    order = stage.members["小郑"].buys(quantity=2).pays(times=TWICE)
    stage.timeline.line("小郑", "buys two", pays(order))
    order.waits_for("to_ship")
    asked = order.asks_refund(amount_fen=PARTIAL_REFUND_FEN, reason="坏了几个")
    asked.expect(201, "asking for a part back")
    stage.timeline.line("小郑", f"asks {yuan(PARTIAL_REFUND_FEN)} back", asked["status"])
    stage.wechat.fault(REFUND_PATH, "error_after")
    stage.stack.admin("decide_refund", refund_id=asked["refund_id"], decision="approve")
    stage.timeline.line("店主", "approves", "WeChat takes the refund and answers 500")
    seconds = order.waits_for_refunds("succeeded")
    stage.timeline.line("开团", f"refunded once, {seconds:.1f} s later", f"still {order.status}")


def the_little_time_is_over(stage: Play, orders: list[Purchase]) -> None:
    stage.timeline.scene(f"The {FEW_SECONDS} seconds are over")
    the_time_is_over(stage, orders[0], "failed")
    for order in orders:
        order.waits_for("refunded")
        stage.timeline.line(order.shopper.name, f"has {yuan(order.amount_fen)} back")


def wechat_repeats_itself(stage: Play) -> None:
    stage.timeline.scene("WeChat tells of every refund once more")
    order_ids = [order["order_id"] for order in stage.stack.admin("list_orders")["items"]]
    refunds = [refund for order_id in order_ids for refund in stage.wechat.refunds(order_id)]
    for refund in refunds:
        stage.wechat.replay(out_refund_no=refund["out_refund_no"])
    wait_until(lambda: told_less_than_twice(stage.wechat, order_ids), [], "what was not told twice")
    told = f"{len(order_ids)} payments and {len(refunds)} refunds"
    stage.timeline.line("WeChat", f"{told}, each told twice", "all acknowledged")


def told_less_than_twice(wechat: SandboxControl, order_ids: list[str]) -> list[str]:
    """What the app was not told of twice yet, or did not acknowledge."""
    return [
        told["out_refund_no"] or told["out_trade_no"]
        for order_id in order_ids
        for told in wechat.notifications(out_trade_no=order_id)
        if len(told["attempts"]) < TWICE or not told["acknowledged"]
    ]
