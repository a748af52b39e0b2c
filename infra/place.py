"""Which AWS a command talks to: a stage's stack in one account and region, or the local stack.

Must never fall back to another account or region than the one asked for, nor hold a credential.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from infra.local.emulator import client as local_client
from infra.local.endpoints import LOCAL_DIRECTORY, Endpoints, read_endpoints
from infra.package import BUILD
from infra.template import stage_settings

Clients = Callable[[str], Any]
"""From a service's name to a boto3 client of it."""

LOCAL = "local"
LOCAL_ACCOUNT = "000000000000"
CONNECT_SECONDS, READ_SECONDS = 5, 60
NO_CREDENTIALS = (
    "no AWS credentials were found: run `aws configure` (or `aws sso login`), or set AWS_PROFILE"
)
_NOT_KNOWN = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"}
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


class CannotReach(Exception):
    """AWS cannot be talked to as asked; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A stage in one account and region. `local` are the addresses of the local stack, if it is
    that one.
    """

    stage: str
    account: str
    region: str
    client: Clients = field(repr=False)
    local: Endpoints | None = None

    @property
    def stack_name(self) -> str:
        return stage_settings(self.stage).prefix

    @property
    def parameter_prefix(self) -> str:
        return f"/kaituan/{self.stage}"

    def __str__(self) -> str:
        where = f"account {self.account}, region {self.region}"
        return f"the local stack ({where})" if self.local else where


def reach(
    stage: str,
    *,
    profile: str | None = None,
    region: str | None = None,
    account: str | None = None,
    directory: Path = LOCAL_DIRECTORY,
) -> Place:
    """The place that these settings, or else the environment and AWS's own files, name.

    `account` is the one it has to be. Raises `CannotReach`, and `NoStack` for the stage `local`
    while none runs in `directory`.
    """
    if stage == LOCAL:
        endpoints = read_endpoints(directory)
        return local_place(endpoints)
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        message = f"{error}: `aws configure list-profiles` lists those there are"
        raise CannotReach(message) from None
    if not session.region_name:
        raise CannotReach("no region was named: give --region, or set AWS_REGION")
    known = {one for name in session.get_available_partitions() for one in _regions(session, name)}
    if session.region_name not in known:
        raise CannotReach(f"AWS has no region {session.region_name!r}: check --region, AWS_REGION")
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    here = who_am_i(session.client("sts", config=config))
    if account and here != account:
        raise CannotReach(
            f"these credentials are of account {here}, not of {account}: choose another profile"
        )
    return Place(
        stage, here, session.region_name, lambda service: session.client(service, config=config)
    )


def local_place(endpoints: Endpoints) -> Place:
    """The local stack at these addresses."""
    return Place(
        LOCAL,
        LOCAL_ACCOUNT,
        endpoints.region,
        lambda service: local_client(service, endpoints.aws_endpoint_url),
        local=endpoints,
    )


def who_am_i(sts: Any) -> str:
    """The account that the credentials are of. Raises `CannotReach`."""
    try:
        account: str = sts.get_caller_identity()["Account"]
    except (NoCredentialsError, PartialCredentialsError):
        raise CannotReach(NO_CREDENTIALS) from None
    except ClientError as error:
        raise CannotReach(_refused(error)) from None
    except BotoCoreError as error:
        raise CannotReach(f"AWS does not answer: {error}") from None
    return account


def _refused(error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    if code in _EXPIRED:
        return "the AWS credentials have expired: `aws sso login`, or fetch new ones"
    if code in _NOT_KNOWN:
        return (
            f"AWS does not know these credentials ({code}): check the keys, and that the region "
            "is of their partition (accounts of AWS China work in cn-north-1 and cn-northwest-1 "
            "only, all others anywhere else only)"
        )
    return f"AWS refuses to say who these credentials are of: {error}"


def _regions(session: boto3.Session, partition: str) -> list[str]:
    found: list[str] = session.get_available_regions("dynamodb", partition_name=partition)
    return found


def require_usual_place(place: Place, *, elsewhere: bool, build: Path = BUILD) -> None:
    """Raises `CannotReach` when this checkout deployed the stage elsewhere the last time."""
    path = _note(place.stage, build)
    if elsewhere or not path.exists():
        return
    last = json.loads(path.read_text(encoding="utf-8"))
    if (last["account"], last["region"]) != (place.account, place.region):
        raise CannotReach(
            f"stage {place.stage} was last deployed to account {last['account']}, region "
            f"{last['region']}, and this is {place}: choose the profile and region of then, or "
            "say --elsewhere if a second deployment is meant"
        )


def remember_place(place: Place, *, build: Path = BUILD) -> None:
    """Writes down where the stage was deployed to."""
    path = _note(place.stage, build)
    path.parent.mkdir(parents=True, exist_ok=True)
    note = {"account": place.account, "region": place.region}
    path.write_text(json.dumps(note) + "\n", encoding="utf-8")


def _note(stage: str, build: Path) -> Path:
    return build / stage / "deployed-to.json"
