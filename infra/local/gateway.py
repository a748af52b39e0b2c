"""Tells the emulated API Gateway what its import of an API leaves out: gateway responses and
binary media types, both taken from the deployed template.

Must never add anything that the template does not say: on AWS the template alone does it.
"""

from typing import Any

from infra.local.deployment import Deployment
from infra.local.emulator import client


def complete_gateway(deployment: Deployment, aws_url: str) -> None:
    """Puts the missing settings through API Gateway's own API and deploys the stage again."""
    gateway = client("apigateway", aws_url)
    api_id = deployment.outputs["RestAPIId"]
    properties = deployment.template["Resources"]["RestAPI"]["Properties"]
    swagger = properties["DefinitionBody"]
    for response_type, response in properties["GatewayResponses"].items():
        _put_gateway_response(gateway, api_id, response_type, response)
    _set_binary_types(aws_url, api_id, swagger["x-amazon-apigateway-binary-media-types"])
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
