"""Take an operator's decision that was written by hand beside a withdrawal, in the console: do what
it says, as far as it is allowed, and write on it what became of it.

The withdrawal itself is never edited by hand. A decision is answered once; changed afterwards, it
is a new one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotAllowed, NotFound
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.decide import Decision, decide
from chalicelib.withdrawals.model import fingerprint_of_decision


class Written(BaseModel):
    """What has to be on the item; anything else on it is of no account."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)

    decision: Literal["approve", "reject"]
    operator: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]


def take_decision(withdrawal_id: str, *, clock: Clock, wechat_pay: WechatPay) -> None:
    """Does nothing when there is no decision, or it is answered. Raises WechatUnavailable when
    WeChat has to be asked and is silent, TryAgain.
    """
    item = withdrawals.find_decision(withdrawal_id)
    if item is None or item.get("answered") == fingerprint_of_decision(item):
        return
    result = _result(withdrawal_id, item, clock, wechat_pay)
    withdrawals.answer_decision(withdrawal_id, item, result, now=clock.now())


def _result(
    withdrawal_id: str, item: Mapping[str, Any], clock: Clock, wechat_pay: WechatPay
) -> str:
    try:
        written = Written.model_validate(dict(item))
        decision = Decision(
            withdrawal_id=withdrawal_id,
            approve=written.decision == "approve",
            operator=written.operator,
            reason=written.reason,
        )
        withdrawal = decide(decision, clock=clock, wechat_pay=wechat_pay)
    except ValidationError as error:
        fields = sorted({str(found["loc"][0]) for found in error.errors()})
        findings.record(
            "decision_unreadable", withdrawal_id, {"fields": ", ".join(fields)}, clock=clock
        )
        return f"not understood: {', '.join(fields)}"
    except NotFound:
        findings.record("decision_unknown", withdrawal_id, {}, clock=clock)
        return "refused: there is no such withdrawal"
    except NotAllowed as refusal:
        return f"refused: {refusal.detail}"
    return f"done: the withdrawal is {withdrawal.withdrawal_state.value}"
