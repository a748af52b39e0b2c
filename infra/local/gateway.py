"""Tells the emulated API Gateway what its import of an API leaves out: gateway responses, CORS
preflight answers and binary media types, all taken from the deployed template.

Must never add anything that the template does not say: on AWS the template alone does it.
"""

from typing import Any

from infra.local.deployment import Deployment
from infra.local.emulator import client

JSON = "application/json"


def complete_gateway(deployment: Deployment, aws_url: str) -> None:
    """Puts the missing settings through API Gateway's own API and deploys the stage again."""
    gateway = client("apigateway", aws_url)
    api_id = deployment.outputs["RestAPIId"]
    properties = deployment.template["Resources"]["RestAPI"]["Properties"]
    swagger = properties["DefinitionBody"]
    for response_type, response in properties["GatewayResponses"].items():
        _put_gateway_response(gateway, api_id, response_type, response)
    _set_binary_types(aws_url, api_id, swagger["x-amazon-apigateway-binary-media-types"])
    _put_preflights(gateway, api_id, swagger["paths"])
    gateway.create_deployment(restApiId=api_id, stageName=properties["StageName"])


def _put_gateway_response(
    gateway: Any, api_id: str, response_type: str, response: dict[str, Any]
) -> None:
    headers = response["ResponseParameters"]["Headers"]
    gateway.put_gateway_response(
        restApiId=api_id,
        responseType=response_type,
        statusCode=response["StatusCode"],
        responseParameters={
            f"gatewayresponse.header.{name}": value for name, value in headers.items()
        },
        responseTemplates=response["ResponseTemplates"],
    )


def _set_binary_types(aws_url: str, api_id: str, media_types: list[str]) -> None:
    # AWS takes one patch per type, with an escaped slash. The emulator keeps such a path as it
    # is and matches nothing with it; it takes the whole list instead, which boto3 would refuse.
    client("apigateway", aws_url, parameter_validation=False).update_rest_api(
        restApiId=api_id,
        patchOperations=[{"op": "replace", "path": "/binaryMediaTypes", "value": media_types}],
    )


def _put_preflights(gateway: Any, api_id: str, paths: dict[str, Any]) -> None:
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api_id)
    resource_ids = {item["path"]: item["id"] for page in pages for item in page["items"]}
    for path, methods in paths.items():
        if "options" not in methods:
            continue
        integration = methods["options"]["x-amazon-apigateway-integration"]
        headers = integration["responses"]["default"]["responseParameters"]
        place = {
            "restApiId": api_id,
            "resourceId": resource_ids[path.rstrip("/") or "/"],
            "httpMethod": "OPTIONS",
            "statusCode": "200",
        }
        gateway.put_method_response(**place, responseParameters=dict.fromkeys(headers, False))
        gateway.put_integration_response(
            **place, responseParameters=headers, responseTemplates={JSON: ""}
        )
