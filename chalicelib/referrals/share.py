"""Mint a share (分享): a code of one's own for the home page, a product, a campaign or a group. The
same target gives the same code, however often it is asked for.
"""

from dataclasses import dataclass

from chalicelib.catalog import store as catalog
from chalicelib.catalog.settings import Settings
from chalicelib.groups import store as groups
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.errors import AccountBlocked
from chalicelib.referrals import store as referrals
from chalicelib.referrals.model import Share, ShareTarget, share_code_for


@dataclass(frozen=True)
class Look:
    """How a share looks in a chat; None where the target has no such thing."""

    title: str | None = None
    image_url: str | None = None


@dataclass(frozen=True)
class Minted:
    """A share with what the client needs to send it on."""

    share: Share
    look: Look
    settings: Settings


def mint(owner_id: str, target_type: ShareTarget, target_id: str | None, *, clock: Clock) -> Minted:
    """The member's share of this target, made when there is none. Raises NotFound for a target
    nobody can open, InvalidRequest for a target_id where none belongs or none where one does,
    NotSignedIn when the member has left, AccountBlocked.
    """
    if (target_id is None) is not (target_type is ShareTarget.HOME):
        wrong = {"field": "target_id", "message": "Every target has one but home."}
        raise InvalidRequest("Not valid: target_id.", errors=[wrong])
    share = Share(
        share_code=share_code_for(owner_id, target_type, target_id),
        owner_id=owner_id,
        target_type=target_type,
        target_id=target_id,
        created_at=clock.now(),
    )
    look = _look(target_type, target_id or "")
    key, settings_key = referrals.share_key(share.share_code), catalog.settings_key()
    owner_key = members.profile_key(owner_id)
    found = read(key, settings_key, owner_key)
    if standing.is_blocked(found.find(owner_key)):
        raise AccountBlocked()
    before = referrals.share_of(found.find(key))
    if before is None:
        _write(share)
    return Minted(before or share, look, catalog.settings_of(found.find(settings_key)))


def _write(share: Share) -> None:
    writes = WriteSet()
    standing.must_take_part(writes, share.owner_id)  # guards: -> NotSignedIn, AccountBlocked
    referrals.mint(writes, share)  # guard: the code is new -> somebody minted the same just now
    try:
        writes.commit()
    except Changed:
        return


def _look(target_type: ShareTarget, target_id: str) -> Look:
    match target_type:
        case ShareTarget.PRODUCT:
            return _product(target_id)
        case ShareTarget.CAMPAIGN:
            return _campaign(target_id)
        case ShareTarget.GROUP:
            return _group(target_id)
    return Look()


def _product(product_id: str) -> Look:
    key = catalog.product_key(product_id)
    product = catalog.product_of(read(key).find(key))
    if product is None or not product.on_sale:
        raise NotFound("There is no such product.")
    images = [*product.images, *(sku.image_url for sku in product.skus)]
    return Look(product.title, next((image for image in images if image is not None), None))


def _campaign(campaign_id: str) -> Look:
    key = catalog.campaign_key(campaign_id)
    standing = catalog.standing_of(read(key).find(key))
    if standing is None:
        raise NotFound("There is no such campaign.")
    campaign = standing.campaign
    if campaign.cover_url is not None:
        return Look(campaign.title, campaign.cover_url)
    sku_keys = [catalog.sku_key(sku.sku_id) for sku in campaign.skus]
    found = read(*sku_keys)
    skus = (catalog.sku_of(found.find(sku_key)) for sku_key in sku_keys)
    images = (sku.image_url for sku in skus if sku is not None and sku.image_url is not None)
    return Look(campaign.title, next(images, None))


def _group(group_id: str) -> Look:
    group = groups.find(group_id)
    if group is None:
        raise NotFound("There is no such group.")
    return _campaign(group.campaign_id)
