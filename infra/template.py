"""What the deployment has beside what Chalice derives from app.py: one CloudFormation template
per stage, merged over the packaged one by `chalice package --merge-template`.

Must never name a route or read app.py: handlers are known here by name only.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.alarms import Alarm, alarm_conditions, alarm_parameters, alarm_resources, alarms
from infra.dashboard import dashboard_resource
from infra.files import files_bucket, files_dropped
from infra.network import (
    behind_the_fixed_address,
    network_conditions,
    network_outputs,
    network_parameters,
    network_resources,
)
from infra.private_bucket import private_bucket
from infra.refusals import gateway_responses
from infra.tables import all_tables, table_resource
from infra.throttles import method_settings

ROOT = Path(__file__).resolve().parent.parent
CHALICE_CONFIG = ROOT / ".chalice" / "config.json"
STAGES = ("dev", "test", "prod", "local")

STREAM_RETRIES = 10
STREAM_BATCH_RECORDS = 50
QUEUE_BATCH_MESSAGES = 5
QUEUE_RECEIVES_MAX = 5
WORKERS_AT_ONCE = 5
# AWS asks for a visibility of at least six times the worker's timeout.
VISIBILITY_PER_TIMEOUT = 6
DEAD_LETTER_RETENTION_SECONDS = 14 * 24 * 3600
FAILED_RECORDS_RETENTION_DAYS = 90
LOG_RETENTION_DAYS = {"dev": 7, "test": 7, "prod": 180, "local": 7}


@dataclass(frozen=True)
class Function:
    """A handler in app.py: its Chalice name, its resource in the template, what feeds it, and
    whether it calls WeChat's transfers, which takes a fixed address.
    """

    name: str
    logical_id: str
    stream_of: str | None = None
    schedule: str | None = None
    takes_files: bool = False
    reads_refund_queue: bool = False
    pays_out: bool = False


FUNCTIONS = (
    Function("api_handler", "APIHandler"),
    Function("admin", "Admin", pays_out=True),
    Function("admin_money", "AdminMoney", pays_out=True),
    Function("relay_groups", "RelayGroups", stream_of="groups"),
    Function("relay_orders", "RelayOrders", stream_of="orders"),
    Function("relay_refunds", "RelayRefunds", stream_of="refunds"),
    Function("relay_commissions", "RelayCommissions", stream_of="commissions"),
    Function("relay_withdrawals", "RelayWithdrawals", stream_of="withdrawals", pays_out=True),
    Function("execute_refunds", "ExecuteRefunds", reads_refund_queue=True),
    Function("sweep_orders", "SweepOrders", schedule="rate(1 minute)"),
    Function("sweep_groups", "SweepGroups", schedule="rate(1 minute)"),
    Function("sweep_refunds", "SweepRefunds", schedule="rate(1 minute)"),
    Function("sweep_commissions", "SweepCommissions", schedule="rate(1 minute)"),
    Function("sweep_withdrawals", "SweepWithdrawals", schedule="rate(1 minute)", pays_out=True),
    Function("reconcile_days", "ReconcileDays", schedule="rate(1 hour)"),
    Function("audit_slice", "AuditSlice", schedule="rate(5 minutes)"),
    Function("export_days", "ExportDays", schedule="rate(1 hour)"),
    Function("take_files", "TakeFiles", takes_files=True),
)


@dataclass(frozen=True)
class Stage:
    """One stage as .chalice/config.json has it; `keep` is whether its data outlives a delete."""

    name: str
    prefix: str
    allowed_origin: str
    worker_timeout_seconds: int
    one_admin: bool = False
    """Whether `admin` takes the commands that move money too, and so needs the rights for them."""

    @property
    def keep(self) -> bool:
        """Production only: tables and queues are retained and protected."""
        return self.name == "prod"

    def function_name(self, function: Function) -> str:
        """The name of the deployed Lambda, as an operator finds it in the console."""
        return f"{self.prefix}-{function.name}"


def stage_settings(name: str) -> Stage:
    """Reads a stage from .chalice/config.json; raises `KeyError` for one that is not there."""
    config = json.loads(CHALICE_CONFIG.read_text(encoding="utf-8"))
    stage = config["stages"][name]
    environment = config["environment_variables"] | stage["environment_variables"]
    worker = config["lambda_functions"]["execute_refunds"] | stage.get("lambda_functions", {}).get(
        "execute_refunds", {}
    )
    return Stage(
        name=name,
        prefix=environment["TABLE_PREFIX"],
        allowed_origin=environment["ALLOWED_ORIGINS"].split(",")[0].strip(),
        worker_timeout_seconds=worker["lambda_timeout"],
        one_admin="ADMIN_TAKES_MONEY_COMMANDS" in environment,
    )


def merge_template(stage: Stage) -> dict[str, Any]:
    """The whole template to merge for a stage: parameters, resources and outputs."""
    resources: dict[str, Any] = {}
    for table in all_tables():
        resources[table.logical_id] = table_resource(table, stage.prefix, keep=stage.keep)
    resources |= _refund_queues(stage) | _failed_records_bucket(stage) | files_bucket(stage)
    for function in FUNCTIONS:
        resources |= _log_group(stage, function)
        resources[function.logical_id] = _function_additions(stage, function)
    resources |= _watch(stage)
    paying = [function.logical_id for function in FUNCTIONS if function.pays_out]
    resources |= network_resources(stage.prefix, paying)
    resources["RestAPI"] = {
        "Properties": {
            "OpenApiVersion": "2.0",
            # Every type is bytes, so that an image reaches whoever asks, whatever they accept.
            "DefinitionBody": {"x-amazon-apigateway-binary-media-types": ["*/*"]},
            "GatewayResponses": gateway_responses(stage.allowed_origin),
            "MethodSettings": method_settings(),
        }
    }
    return {
        "Description": f"kaituan, group buying for WeChat mini-programs (stage {stage.name})",
        "Parameters": _parameters() | alarm_parameters() | network_parameters(),
        "Conditions": alarm_conditions() | network_conditions(),
        "Globals": {"Function": {"Environment": {"Variables": _environment()}}},
        "Resources": resources,
        "Outputs": _outputs() | network_outputs(),
    }


def stage_alarms(stage: Stage) -> tuple[Alarm, ...]:
    """Every alarm of a stage."""
    every_minute = {
        each.name: each.logical_id for each in FUNCTIONS if each.schedule == "rate(1 minute)"
    }
    seldom = {
        each.name: each.logical_id
        for each in FUNCTIONS
        if each.takes_files or each.name == "export_days"
    }
    return alarms(stage.name, stage.prefix, every_minute, seldom)


def _watch(stage: Stage) -> dict[str, Any]:
    """What tells somebody: alarms and the dashboard."""
    found = stage_alarms(stage)
    logs = [f"{each.logical_id}Logs" for each in FUNCTIONS]
    streamed = [each.name for each in FUNCTIONS if each.stream_of]
    ids = [alarm.logical_id for alarm in found]
    return alarm_resources(stage.prefix, found, logs) | dashboard_resource(
        stage.name, stage.prefix, ids, streamed
    )


def _parameters() -> dict[str, Any]:
    return {
        "WechatAppId": {
            "Type": "String",
            "Description": "AppID of the mini-program (mp.weixin.qq.com)",
        },
        "WechatMerchantId": {
            "Type": "String",
            "Description": "WeChat Pay merchant number (pay.weixin.qq.com)",
        },
        "WechatPayBaseUrl": {
            "Type": "String",
            "Default": "https://api.mch.weixin.qq.com",
            "Description": "Where WeChat Pay v3 is called",
        },
        "WechatApiBaseUrl": {
            "Type": "String",
            "Default": "https://api.weixin.qq.com",
            "Description": "Where the mini-program server API is called",
        },
    }


def _environment() -> dict[str, Any]:
    return {
        "REFUND_QUEUE_URL": {"Ref": "RefundQueue"},
        "FILES_BUCKET": {"Ref": "FilesBucket"},
        "WECHAT_APP_ID": {"Ref": "WechatAppId"},
        "WECHAT_MERCHANT_ID": {"Ref": "WechatMerchantId"},
        "WECHAT_PAY_BASE_URL": {"Ref": "WechatPayBaseUrl"},
        "WECHAT_API_BASE_URL": {"Ref": "WechatApiBaseUrl"},
    }


def _refund_queues(stage: Stage) -> dict[str, Any]:
    policy = "Retain" if stage.keep else "Delete"
    guarded = {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}
    return {
        "RefundQueue": guarded
        | {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": f"{stage.prefix}-refunds",
                "SqsManagedSseEnabled": True,
                "VisibilityTimeout": stage.worker_timeout_seconds * VISIBILITY_PER_TIMEOUT,
                "MessageRetentionPeriod": DEAD_LETTER_RETENTION_SECONDS // 2,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["DeadRefundQueue", "Arn"]},
                    "maxReceiveCount": QUEUE_RECEIVES_MAX,
                },
            },
        },
        "DeadRefundQueue": guarded
        | {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": f"{stage.prefix}-refunds-dead",
                "SqsManagedSseEnabled": True,
                "MessageRetentionPeriod": DEAD_LETTER_RETENTION_SECONDS,
            },
        },
    }


def _failed_records_bucket(stage: Stage) -> dict[str, Any]:
    """Where Lambda puts stream records it gave up on: a queue would get only their positions."""
    forget = {
        "Id": "forget-personal-data",
        "Status": "Enabled",
        "ExpirationInDays": FAILED_RECORDS_RETENTION_DAYS,
    }
    name = {"Fn::Sub": f"{stage.prefix}-failed-records-${{AWS::AccountId}}-${{AWS::Region}}"}
    bucket = private_bucket([forget], keep=stage.keep, more={"BucketName": name})
    return {"FailedRecordsBucket": bucket}


def _log_group(stage: Stage, function: Function) -> dict[str, Any]:
    return {
        f"{function.logical_id}Logs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": f"/aws/lambda/{stage.function_name(function)}",
                "RetentionInDays": LOG_RETENTION_DAYS[stage.name],
            },
        }
    }


def _function_additions(stage: Stage, function: Function) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "FunctionName": stage.function_name(function),
        "LoggingConfig": {"LogGroup": {"Ref": f"{function.logical_id}Logs"}},
    }
    if function.pays_out:
        properties |= behind_the_fixed_address()
    event = _event_additions(function)
    if event:
        properties["Events"] = event
    return {"Properties": properties}


def _event_additions(function: Function) -> dict[str, Any]:
    if function.stream_of:
        return {f"{function.logical_id}DynamodbEventSource": {"Properties": _stream(function)}}
    if function.reads_refund_queue:
        return {f"{function.logical_id}SqsEventSource": {"Properties": _queue()}}
    if function.takes_files:
        return {f"{function.logical_id}Event": {"Properties": {"Pattern": files_dropped()}}}
    if function.schedule:
        schedule = {
            "Schedule": function.schedule,
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        }
        return {f"{function.logical_id}Event": {"Properties": schedule}}
    return {}


def _stream(function: Function) -> dict[str, Any]:
    table = next(table for table in all_tables() if table.name == function.stream_of)
    return {
        "Stream": {"Fn::GetAtt": [table.logical_id, "StreamArn"]},
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": STREAM_BATCH_RECORDS,
        "MaximumRetryAttempts": STREAM_RETRIES,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {
            "OnFailure": {
                "Type": "S3",
                "Destination": {"Fn::GetAtt": ["FailedRecordsBucket", "Arn"]},
            }
        },
    }


def _queue() -> dict[str, Any]:
    return {
        # Chalice words the queue as an Fn::Sub of its name; merging keeps the keys of both.
        "Queue": {"Fn::Sub": "${RefundQueue.Arn}"},
        "BatchSize": QUEUE_BATCH_MESSAGES,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": WORKERS_AT_ONCE},
    }


def _outputs() -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "AdminFunction": {"Description": "Operators' commands", "Value": {"Ref": "Admin"}},
        "AdminMoneyFunction": {
            "Description": "Operators' commands that move money",
            "Value": {"Ref": "AdminMoney"},
        },
        "RefundQueueUrl": {
            "Description": "Refunds waiting to be executed",
            "Value": {"Ref": "RefundQueue"},
        },
        "DeadRefundQueueUrl": {
            "Description": "Refunds that failed time after time",
            "Value": {"Ref": "DeadRefundQueue"},
        },
        "FailedRecordsBucketName": {
            "Description": "Stream records that no retry could process",
            "Value": {"Ref": "FailedRecordsBucket"},
        },
        "FilesBucketName": {
            "Description": "Files that go in and out",
            "Value": {"Ref": "FilesBucket"},
        },
    }
    return outputs
