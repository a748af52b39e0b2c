"""A domain and a fixed address: off until asked for, and then for the right functions only."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.network import SETS_UP_INTERFACES
from infra.package import Package
from infra.template import FUNCTIONS
from tests.infra.conftest import Resources

EGRESS = Path(__file__).resolve().parents[2] / "infra" / "egress.yaml"
PAYING = {"RelayWithdrawals", "SweepWithdrawals", "Admin", "AdminMoney"}


@pytest.fixture(scope="module")
def template(packaged: Package) -> dict[str, Any]:
    return packaged.read_template()


@pytest.fixture(scope="module")
def egress() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short forms as what stands behind them."""

    Loader.add_multi_constructor("!", lambda _loader, _tag, node: node.value)
    found: dict[str, Any] = yaml.load(EGRESS.read_text(encoding="utf-8"), Loader)  # noqa: S506
    return found


def test_nothing_of_it_is_there_until_it_is_asked_for(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    for name in ("DomainName", "CertificateArn", "PayoutSubnetIds", "PayoutSecurityGroupId"):
        assert parameters[name]["Default"] == ""
    assert {
        name: template["Resources"][name]["Condition"]
        for name in ("Certificate", "ApiDomain", "ApiMapping", "FixedAddressPolicy")
    } == {
        "Certificate": "MakesCertificate",
        "ApiDomain": "HasDomain",
        "ApiMapping": "HasDomain",
        "FixedAddressPolicy": "HasFixedAddress",
    }


def test_only_what_calls_transfers_goes_behind_the_fixed_address(resources: Resources) -> None:
    inside = {name for name, what in resources.items() if "VpcConfig" in what["Properties"]}
    assert inside == PAYING == {one.logical_id for one in FUNCTIONS if one.pays_out}
    (choice,) = {str(resources[name]["Properties"]["VpcConfig"]) for name in PAYING}
    assert "HasFixedAddress" in choice
    policy = resources["FixedAddressPolicy"]["Properties"]
    assert {role["Ref"] for role in policy["Roles"]} == {f"{name}Role" for name in PAYING}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == list(SETS_UP_INTERFACES)


def test_the_roles_it_names_are_those_of_the_functions(resources: Resources) -> None:
    roles = {name: resources[name]["Properties"]["Role"]["Fn::GetAtt"][0] for name in PAYING}
    assert roles == {name: f"{name}Role" for name in PAYING}


def test_the_network_gives_what_the_template_takes(
    egress: dict[str, Any], template: dict[str, Any]
) -> None:
    outputs = set(egress["Outputs"])
    assert outputs == {"FixedAddress", "PayoutSubnetIds", "PayoutSecurityGroupId"}
    assert outputs - {"FixedAddress"} <= set(template["Parameters"])


def test_the_address_outlives_its_stack(egress: dict[str, Any]) -> None:
    """WeChat has it on its list; a new one takes days."""
    assert egress["Resources"]["Address"]["DeletionPolicy"] == "Retain"


def test_nobody_can_call_into_the_network(egress: dict[str, Any]) -> None:
    group = egress["Resources"]["Callers"]["Properties"]
    assert "SecurityGroupIngress" not in group
    assert [rule["ToPort"] for rule in group["SecurityGroupEgress"]] == [443]
