"""Keep who a member's withdrawals are paid to (收款实名信息), sealed; nobody reads it back.

Refused while a withdrawal is under way: what WeChat is told under one number must not change.
"""

from chalicelib.gateways.http import not_set_up
from chalicelib.kit.sealing import seal
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import store as ledger
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.withdrawals.payee import payee_text
from chalicelib.withdrawals.send import PayeeKeys


def put_payee(member_id: str, real_name: str, id_number: str, *, payee_keys: PayeeKeys) -> None:
    """Raises WechatUnavailable where no key is set up, WithdrawalOpen, NotSignedIn,
    AccountBlocked.
    """
    if not payee_keys:
        raise not_set_up("Keeping payees", ("payee_keys",))
    sealed = seal(payee_text(real_name, id_number), payee_keys, about=member_id)
    writes = WriteSet()
    members.keep_payee(writes, member_id, sealed)
    standing.must_take_part(writes, member_id)  # guards: -> NotSignedIn, AccountBlocked
    ledger.check_none_open(writes, member_id)  # guard: none under way -> WithdrawalOpen
    writes.commit()
