"""Fixtures for the deployment: a stage packaged once, and shared by every test that reads it."""

import json
from typing import Any

import pytest

from infra.package import Package, package
from infra.template import merge_template, stage_settings

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def packaged() -> Package:
    return package("prod")


@pytest.fixture(scope="session")
def resources(packaged: Package) -> Resources:
    found: Resources = packaged.read_template()["Resources"]
    return found


@pytest.fixture(scope="session")
def merged() -> Resources:
    found: Resources = merge_template(stage_settings("prod"))["Resources"]
    return found


def policy_of(resources: Resources, function: str) -> list[dict[str, Any]]:
    """The statements of the one inline policy of a function's role."""
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = resources[role]["Properties"]["Policies"]
    document = policy["PolicyDocument"]
    statements: list[dict[str, Any]] = json.loads(json.dumps(document))["Statement"]
    return statements
