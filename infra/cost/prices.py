"""What AWS asks for, on demand in Singapore (ap-southeast-1), in dollars, without taxes.

`seen` says whether the price was found as published for that region in August 2026. The others are
list prices as known: check them before you rely on them. They are numbers here and nothing else.
"""

from dataclasses import dataclass

MILLION = 1_000_000
GB = 1024**3
HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Price:
    """So many dollars for so many of a unit, and how many of them are free each month."""

    name: str
    usd: float
    per: float
    unit: str
    seen: bool
    free: float = 0.0

    def of(self, quantity: float) -> float:
        """What it costs."""
        return quantity / self.per * self.usd

    def free_of(self, quantity: float) -> float:
        """How much of that the free tier takes off."""
        return self.of(min(quantity, self.free))


API_REQUEST = Price("API Gateway (REST), first 333 M", 4.25, MILLION, "million requests", False)
API_REQUEST_BEYOND = Price("API Gateway (REST), beyond", 3.53, MILLION, "million requests", False)
API_FIRST_TIER = 333 * MILLION
INVOCATION = Price("Lambda, runs", 0.20, MILLION, "million runs", True, free=MILLION)
GB_SECOND = Price("Lambda, memory and time (x86)", 0.0000166667, 1, "GB-second", True, free=400_000)
WRITE_UNIT = Price("DynamoDB, writes", 0.71, MILLION, "million units", False)
READ_UNIT = Price("DynamoDB, reads", 0.1425, MILLION, "million units", False)
STORED = Price("DynamoDB, storage", 0.285, GB, "GB-month", False, free=25 * GB)
RECOVERABLE = Price("DynamoDB, point-in-time recovery", 0.228, GB, "GB-month", False)
STREAM_READ = Price("DynamoDB Streams, read by Lambda", 0.0, MILLION, "million reads", False)
SCHEDULE = Price("EventBridge rules on a schedule", 0.0, MILLION, "million runs", False)
QUEUE_REQUEST = Price("SQS", 0.40, MILLION, "million requests", False, free=MILLION)
LOGGED = Price("CloudWatch Logs, taken in", 0.70, GB, "GB", True, free=5 * GB)
LOG_KEPT = Price("CloudWatch Logs, kept", 0.03, GB, "GB-month", True)
ALARM = Price("CloudWatch alarms", 0.10, 1, "alarm", True, free=10)
METRIC = Price("CloudWatch, metrics of our own", 0.30, 1, "metric", False, free=10)
DASHBOARD = Price("CloudWatch dashboards", 3.00, 1, "dashboard", True, free=3)
SENT_OUT = Price("To the internet, first 10 TB", 0.12, GB, "GB", True, free=100 * GB)
GATEWAY_HOUR = Price("NAT gateway", 0.059, 1, "hour", True)
GATEWAY_BYTE = Price("NAT gateway, traffic", 0.059, GB, "GB", True)
ADDRESS_HOUR = Price("Public IPv4 address", 0.005, 1, "hour", False)
INSTANCE_HOUR = Price("t4g.nano, Linux", 0.0053, 1, "hour", False)
DISK = Price("Disk (gp3)", 0.096, 1, "GB-month", False)

ALL = (
    API_REQUEST,
    API_REQUEST_BEYOND,
    INVOCATION,
    GB_SECOND,
    WRITE_UNIT,
    READ_UNIT,
    STORED,
    RECOVERABLE,
    STREAM_READ,
    SCHEDULE,
    QUEUE_REQUEST,
    LOGGED,
    LOG_KEPT,
    ALARM,
    METRIC,
    DASHBOARD,
    SENT_OUT,
    GATEWAY_HOUR,
    GATEWAY_BYTE,
    ADDRESS_HOUR,
    INSTANCE_HOUR,
    DISK,
)
