"""What is deployed, read from AWS once and kept: the stack, its functions, its parameters, and the
WeChat account they name.

Raises `CannotTell` for what is not there; a check then has nothing to look at.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.settings import Secrets
from infra.deploy.follow import find_stack
from infra.doctor.check import CannotTell
from infra.place import Place
from infra.secrets.kinds import JSON_PARAMETERS, PARAMETERS
from infra.secrets.store import Store, Stored
from infra.template import FUNCTIONS, Stage, stage_settings

Now = Callable[[], datetime]


@dataclass(frozen=True)
class WechatAccount:
    """Who the shop is to WeChat, and where WeChat is."""

    app_id: str
    merchant_id: str
    pay_base_url: str
    api_base_url: str
    secrets: Secrets


class Facts:
    """Of one place. Each is read when it is first asked for."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def stage(self) -> Stage:
        return stage_settings(self.place.stage)

    @cached_property
    def stack(self) -> dict[str, Any]:
        """CloudFormation's description."""
        stack = find_stack(self.place.client("cloudformation"), self.place.stack_name)
        if stack is None:
            raise CannotTell("there is no stack")
        return stack

    @cached_property
    def outputs(self) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.stack.get("Outputs", [])}

    def output(self, name: str) -> str:
        """One output of the stack."""
        if name not in self.outputs:
            raise CannotTell(f"the stack has no output {name}")
        return self.outputs[name]

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template as it was sent to CloudFormation."""
        answer = self.place.client("cloudformation").get_template(
            StackName=self.place.stack_name, TemplateStage="Original"
        )
        body = answer["TemplateBody"]
        template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
        return template

    @cached_property
    def resources(self) -> dict[str, list[str]]:
        """The physical ids of the stack's resources, by type."""
        pages = self.place.client("cloudformation").get_paginator("list_stack_resources")
        found: dict[str, list[str]] = {}
        for page in pages.paginate(StackName=self.stack["StackName"]):
            for one in page["StackResourceSummaries"]:
                found.setdefault(one["ResourceType"], []).append(one.get("PhysicalResourceId", ""))
        return found

    @cached_property
    def functions(self) -> dict[str, dict[str, Any] | None]:
        """Every function's configuration by its name in app.py; None for one that is not there."""
        lambdas = self.place.client("lambda")
        found: dict[str, dict[str, Any] | None] = {}
        for function in FUNCTIONS:
            name = self.stage.function_name(function)
            try:
                found[function.name] = lambdas.get_function_configuration(FunctionName=name)
            except lambdas.exceptions.ResourceNotFoundException:
                found[function.name] = None
        if not any(found.values()):
            raise CannotTell("there are no functions")
        return found

    @cached_property
    def parameters(self) -> dict[str, Stored]:
        return Store(self.place.client("ssm"), self.place.parameter_prefix).read()

    @cached_property
    def base_url(self) -> str:
        """Where WeChat is told to reach us, without a slash at the end."""
        stored = self.parameters.get("public_base_url")
        if stored is None:
            raise CannotTell("public_base_url is missing")
        return stored.value.rstrip("/")

    @property
    def api_url(self) -> str:
        """The stack's own address, without a slash at the end."""
        if self.place.local:
            return self.place.local.api_url
        return self.output("EndpointURL").rstrip("/")

    @cached_property
    def account(self) -> WechatAccount:
        """As the functions have it: their variables, and the parameters they would believe."""
        configuration = self.functions["api_handler"]
        if configuration is None:
            raise CannotTell("the function api_handler is not there")
        variables = configuration.get("Environment", {}).get("Variables", {})
        return WechatAccount(
            app_id=variables.get("WECHAT_APP_ID", ""),
            merchant_id=variables.get("WECHAT_MERCHANT_ID", ""),
            pay_base_url=variables.get("WECHAT_PAY_BASE_URL", ""),
            api_base_url=variables.get("WECHAT_API_BASE_URL", ""),
            secrets=secrets_of(self.parameters),
        )


def secrets_of(parameters: Mapping[str, Stored]) -> Secrets:
    """What the functions make of these; one that is unreadable counts as missing."""
    values: dict[str, Any] = {}
    for parameter in PARAMETERS:
        stored = parameters.get(parameter.name)
        if stored is None or not (stored.is_encrypted or parameter.may_lie_open):
            continue
        if parameter.name != "public_base_url" and parameter.complaint(stored.value):
            continue
        is_json = parameter.name in JSON_PARAMETERS
        values[parameter.name] = json.loads(stored.value) if is_json else stored.value
    return Secrets.model_validate(values)


def is_missing(error: ClientError) -> bool:
    """Whether AWS says that there is no such thing."""
    code = error.response["Error"]["Code"]
    return "NotFound" in code or "NonExistent" in code or code in ("404", "NoSuchBucket")
