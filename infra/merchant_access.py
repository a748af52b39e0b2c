"""What one merchant may do in the bucket of files, as a CloudFormation template: list and read
their own folder, drop files into its `in/`, and nothing else.

    python -m infra.merchant_access --stage prod --merchant orchard > orchard.json

The policy goes to the merchant's user, role or permission set; making those is not its business.
"""

import argparse
import json
import re
import sys
from typing import Any

from infra.template import STAGES, Stage, stage_settings

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def merchant_template(stage: Stage, merchant_id: str) -> dict[str, Any]:
    """The template. Raises ValueError for what is no merchant's id: nothing in it can be a
    wildcard.
    """
    if not _ID.fullmatch(merchant_id):
        raise ValueError(f"{merchant_id!r} is no merchant's id")
    bucket = f"{stage.prefix}-files-${{AWS::AccountId}}-${{AWS::Region}}"
    folder = f"merchants/{merchant_id}/"
    console = "https://${AWS::Region}.console.aws.amazon.com/s3/buckets"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What merchant {merchant_id} may do in the files of stage {stage.name}",
        "Resources": {
            "MerchantAccess": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "ManagedPolicyName": f"{stage.prefix}-merchant-{merchant_id}",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": _statements(f"arn:${{AWS::Partition}}:s3:::{bucket}", folder),
                    },
                },
            }
        },
        "Outputs": {
            "PolicyArn": {"Value": {"Ref": "MerchantAccess"}},
            "Folder": {"Value": {"Fn::Sub": f"{console}/{bucket}?prefix={folder}"}},
        },
    }


def _statements(bucket_arn: str, folder: str) -> list[dict[str, Any]]:
    """Listing above the folder would show who else is a merchant here, so it is not allowed."""
    return [
        {
            "Sid": "ListOwnFolder",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [{"Fn::Sub": bucket_arn}],
            "Condition": {"StringLike": {"s3:prefix": [f"{folder}*"]}},
        },
        {
            "Sid": "ReadOwnFolder",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [{"Fn::Sub": f"{bucket_arn}/{folder}*"}],
        },
        {
            "Sid": "DropFiles",
            "Effect": "Allow",
            "Action": ["s3:PutObject"],
            "Resource": [{"Fn::Sub": f"{bucket_arn}/{folder}in/*"}],
        },
    ]


def main(arguments: list[str] | None = None) -> int:
    """The command line; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.merchant_access", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--merchant", required=True)
    given = parser.parse_args(arguments)
    try:
        template = merchant_template(stage_settings(given.stage), given.merchant)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(template, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
