"""What makes the AWS console a good place to work: saved test events, saved queries, and a trail
of who sent which command. A template of its own, deployed after the main one.

Must hold nothing that the shop needs to run.
"""

import json
from collections.abc import Mapping
from typing import Any

from infra.console.examples import EVENTS, MONEY_EVENTS, Event
from infra.private_bucket import private_bucket
from infra.template import FUNCTIONS, Stage

TRAIL_KEPT_DAYS = 400
REGISTRY = "lambda-testevent-schemas"
"""Where Lambda's console looks for events that colleagues share."""

QUERIES: Mapping[str, str] = {
    "alarms": (
        "fields @timestamp, alarm, about, facts, correlation_id, @log\n"
        "| filter ispresent(alarm)\n| sort @timestamp desc"
    ),
    "answers of 5xx by route": (
        'filter message = "answered" and status >= 500\n'
        "| stats count(*) as answers by route, status\n| sort answers desc"
    ),
    "follow one request": (
        "fields @timestamp, message, change, subject_id, call, status, wechat_request_id, @log\n"
        '| filter correlation_id = "PUT-THE-ID-HERE"\n| sort @timestamp asc'
    ),
    "follow one order, refund, group or withdrawal": (
        "fields @timestamp, message, correlation_id, @message\n"
        '| filter @message like "PUT-THE-ID-HERE"\n| sort @timestamp asc'
    ),
    "follow one member": (
        "fields @timestamp, message, alarm, correlation_id, @message\n"
        '| filter @message like "mem_PUT-THE-REST-HERE"\n| sort @timestamp asc'
    ),
    "follow one payment": (
        "fields @timestamp, message, alarm, correlation_id, @message\n"
        '| filter @message like "PUT-WECHATS-TRANSACTION-ID-OR-THE-ORDER-HERE"\n'
        "| sort @timestamp asc"
    ),
    "how WeChat answers": (
        'filter message = "wechat_answered"\n'
        "| stats count(*) as calls, pct(milliseconds, 50) as p50, pct(milliseconds, 95) as p95 "
        "by to, call, status\n| sort calls desc"
    ),
    "put off and set aside": (
        'filter message in ["put_off", "poison_item", "left_to_the_sweep"]\n'
        "| stats count(*) as times, latest(@timestamp) as last by item_id, about, error\n"
        "| sort times desc"
    ),
    "slow answers": (
        'filter message = "answered"\n'
        "| stats count(*) as answers, pct(milliseconds, 50) as p50, pct(milliseconds, 95) as p95 "
        "by route\n| sort p95 desc"
    ),
    "who sent which command": (
        "fields @timestamp, command, operator, reason, dry_run, correlation_id\n"
        '| filter message = "admin_command"\n| sort @timestamp desc'
    ),
}


def console_template(stage: Stage, *, with_events: bool = True) -> dict[str, Any]:
    """The template for a stage. Without events where the partition has no registry for them."""
    resources = _queries(stage) | _trail(stage)
    if with_events:
        resources |= _saved_events(stage)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"kaituan, conveniences of the console (stage {stage.name})",
        "Parameters": {
            "MakeRegistry": {
                "Type": "String",
                "AllowedValues": ["yes", "no"],
                "Default": "yes",
                "Description": "no, where somebody has shared a test event in this region before",
            }
        },
        "Conditions": {"MakesRegistry": {"Fn::Equals": [{"Ref": "MakeRegistry"}, "yes"]}},
        "Resources": resources,
    }


def _saved_events(stage: Stage) -> dict[str, Any]:
    return {
        "Registry": {
            "Type": "AWS::EventSchemas::Registry",
            "Condition": "MakesRegistry",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"RegistryName": REGISTRY},
        },
        "AdminEvents": _schema(f"{stage.prefix}-admin", EVENTS),
        "AdminMoneyEvents": _schema(f"{stage.prefix}-admin_money", MONEY_EVENTS),
    }


def _schema(function_name: str, events: Mapping[str, Event]) -> dict[str, Any]:
    content = {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "Event"},
        "paths": {},
        "components": {
            "schemas": {
                "Event": {
                    "type": "object",
                    "required": ["command"],
                    "properties": {"command": {"type": "string"}},
                }
            },
            "examples": {name: {"value": event} for name, event in events.items()},
        },
    }
    return {
        "Type": "AWS::EventSchemas::Schema",
        "Properties": {
            "RegistryName": {
                "Fn::If": ["MakesRegistry", {"Fn::GetAtt": ["Registry", "RegistryName"]}, REGISTRY]
            },
            "SchemaName": f"_{function_name}-schema",
            "Type": "OpenApi3",
            "Content": json.dumps(content, ensure_ascii=False),
        },
    }


def _queries(stage: Stage) -> dict[str, Any]:
    logs = [f"/aws/lambda/{stage.function_name(function)}" for function in FUNCTIONS]
    return {
        f"Query{number:02d}": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "Name": f"{stage.prefix}/{name}",
                "QueryString": query,
                "LogGroupNames": logs,
            },
        }
        for number, (name, query) in enumerate(sorted(QUERIES.items()), start=1)
    }


def _trail(stage: Stage) -> dict[str, Any]:
    """Every call of the two admin functions: which AWS identity, when, from where."""
    bucket_name = {"Fn::Sub": f"{stage.prefix}-trail-${{AWS::AccountId}}-${{AWS::Region}}"}
    trail_name = f"{stage.prefix}-commands"
    trail = {
        "Fn::Sub": "arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/"
        + trail_name
    }
    only_this_trail = {"StringEquals": {"aws:SourceArn": trail}}
    cloudtrail = {"Service": "cloudtrail.amazonaws.com"}
    files = {"Fn::Sub": "${TrailBucket.Arn}/AWSLogs/${AWS::AccountId}/*"}
    functions = [
        {
            "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
            f"{stage.prefix}-{name}"
        }
        for name in ("admin", "admin_money")
    ]
    forget = {"Status": "Enabled", "ExpirationInDays": TRAIL_KEPT_DAYS}
    return {
        "TrailBucket": private_bucket([forget], keep=True, more={"BucketName": bucket_name}),
        "TrailBucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "TrailBucket"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": cloudtrail,
                            "Action": "s3:GetBucketAcl",
                            "Resource": {"Fn::GetAtt": ["TrailBucket", "Arn"]},
                            "Condition": only_this_trail,
                        },
                        {
                            "Effect": "Allow",
                            "Principal": cloudtrail,
                            "Action": "s3:PutObject",
                            "Resource": files,
                            "Condition": {
                                "StringEquals": {
                                    **only_this_trail["StringEquals"],
                                    "s3:x-amz-acl": "bucket-owner-full-control",
                                }
                            },
                        },
                    ],
                },
            },
        },
        "Trail": {
            "Type": "AWS::CloudTrail::Trail",
            "DependsOn": "TrailBucketPolicy",
            "Properties": {
                "TrailName": trail_name,
                "S3BucketName": {"Ref": "TrailBucket"},
                "IsLogging": True,
                "EnableLogFileValidation": True,
                "IncludeGlobalServiceEvents": False,
                "EventSelectors": [
                    {
                        "IncludeManagementEvents": False,
                        "ReadWriteType": "All",
                        "DataResources": [{"Type": "AWS::Lambda::Function", "Values": functions}],
                    }
                ],
            },
        },
    }
