"""Note what a member answered in `wx.requestSubscribeMessage`: each acceptance is good for one
message of its template.

A report that arrives twice counts twice; WeChat then refuses the message too many, and the quota
is nothing again.
"""

from collections.abc import Collection, Mapping

from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.notifications.model import MOST_QUOTA
from chalicelib.notifications.schemas import ACCEPTED, SubscribeResult


def report_subscriptions(
    member_id: str, results: Mapping[str, SubscribeResult], *, known_template_ids: Collection[str]
) -> dict[str, int]:
    """How many messages of each template named can be sent to the member now.

    Raises InvalidRequest for a template that is not the shop's, NotSignedIn, TryAgain.
    """
    unknown = [template_id for template_id in results if template_id not in known_template_ids]
    if unknown:
        message = "Not a template of this shop."
        errors = [{"field": f"results.{each}", "message": message} for each in unknown]
        raise InvalidRequest("Not valid: results.", errors=errors)
    return until_settled(lambda: _add(member_id, results))


def _add(member_id: str, results: Mapping[str, SubscribeResult]) -> dict[str, int]:
    keys = {each: members.subscription_key(member_id, each) for each in results}
    found = read(*keys.values())
    quotas = {each: members.quota_of(found.find(key)) for each, key in keys.items()}
    writes = WriteSet()
    members.must_stay(writes, member_id)
    for template_id, result in results.items():
        if result in ACCEPTED and quotas[template_id] < MOST_QUOTA:
            members.add_quota(writes, member_id, template_id, before=quotas[template_id])
            quotas[template_id] += 1
    writes.commit()
    return quotas
