"""What the deployment has of names and addresses, if it is given any: a domain of its own for the
API, and a network whose fixed address WeChat lets pay out.

Both are off until their parameters are set. The network itself is infra/egress.yaml.
"""

from collections.abc import Sequence
from typing import Any

SETS_UP_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does in the name of a function to put it into a network: AWS knows no narrower
resource.
"""
_NOTHING = {"Ref": "AWS::NoValue"}


def network_parameters() -> dict[str, Any]:
    """What the template asks for."""
    return {
        "DomainName": _text("A domain of yours for the API, as api.example.cn; empty: AWS's own"),
        "CertificateArn": _text(
            "A certificate for it in this region; empty: one is made, and the deployment waits "
            "until you have entered its record at your DNS provider"
        ),
        "PayoutSubnetIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "Description": "Subnets behind the fixed address (infra/egress.yaml); empty: none",
        },
        "PayoutSecurityGroupId": _text("The security group that goes with them"),
    }


def network_conditions() -> dict[str, Any]:
    is_named = {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    is_without = {"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}
    subnets = {"Fn::Join": [",", {"Ref": "PayoutSubnetIds"}]}
    return {
        "HasDomain": is_named,
        "MakesCertificate": {"Fn::And": [{"Condition": "HasDomain"}, is_without]},
        "HasFixedAddress": {"Fn::Not": [{"Fn::Equals": [subnets, ""]}]},
    }


def behind_the_fixed_address() -> dict[str, Any]:
    """Properties of a function that calls WeChat's transfers."""
    inside = {
        "SubnetIds": {"Ref": "PayoutSubnetIds"},
        "SecurityGroupIds": [{"Ref": "PayoutSecurityGroupId"}],
    }
    return {"VpcConfig": {"Fn::If": ["HasFixedAddress", inside, _NOTHING]}}


def network_resources(prefix: str, paying: Sequence[str]) -> dict[str, Any]:
    """The domain with its certificate, and what lets the functions that pay into the network."""
    return {
        "Certificate": {
            "Type": "AWS::CertificateManager::Certificate",
            "Condition": "MakesCertificate",
            "Properties": {"DomainName": {"Ref": "DomainName"}, "ValidationMethod": "DNS"},
        },
        "ApiDomain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "DomainName"},
                "RegionalCertificateArn": {
                    "Fn::If": [
                        "MakesCertificate",
                        {"Ref": "Certificate"},
                        {"Ref": "CertificateArn"},
                    ]
                },
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "ApiMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "ApiDomain"},
                "RestApiId": {"Ref": "RestAPI"},
                "Stage": {"Ref": "RestAPI.Stage"},
            },
        },
        "FixedAddressPolicy": {
            "Type": "AWS::IAM::Policy",
            "Condition": "HasFixedAddress",
            "Properties": {
                "PolicyName": f"{prefix}-fixed-address",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Action": [*SETS_UP_INTERFACES], "Resource": "*"}
                    ],
                },
                "Roles": [{"Ref": f"{name}Role"} for name in paying],
            },
        },
    }


def network_outputs() -> dict[str, Any]:
    return {
        "ApiDomainTarget": {
            "Condition": "HasDomain",
            "Description": "Point a CNAME record of the domain here",
            "Value": {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]},
        }
    }


def _text(description: str) -> dict[str, Any]:
    return {"Type": "String", "Default": "", "Description": description}
