"""The table of contents: the app, its middleware, its routes, and every handler that is not HTTP.

Each handler is one line into chalicelib. Only HTTP routes live in blueprints: a schedule, stream or
queue handler there would be deployed without ever importing this file, and so without what is set
up here.
"""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, Rate, Response, SQSEvent

from chalicelib import queues, reactions, sweeps, uploads, wiring
from chalicelib.admin.dispatch import dispatch
from chalicelib.catalog.routes import routes as catalog_routes
from chalicelib.commissions.routes import routes as commission_routes
from chalicelib.contract.routes import routes as contract_routes
from chalicelib.draws.routes import routes as draw_routes
from chalicelib.groups.routes import routes as group_routes
from chalicelib.members.routes import routes as member_routes
from chalicelib.notifications.routes import routes as notification_routes
from chalicelib.orders.routes import routes as order_routes
from chalicelib.rankings.routes import routes as ranking_routes
from chalicelib.referrals.routes import routes as referral_routes
from chalicelib.refunds.routes import routes as refund_routes
from chalicelib.stations.routes import routes as station_routes
from chalicelib.vouchers.routes import routes as voucher_routes
from chalicelib.withdrawals.routes import routes as withdrawal_routes

FILE_DROPPED = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
"""What the bucket tells of; packaging narrows it to our bucket and to what is dropped there."""

STREAM_OF = "arn:aws:dynamodb:region:account:table"
"""Stands for a stream until packaging puts a reference to the table's own in its place."""

# Chalice's logger has the name of Powertools': left to Chalice, each line would go out twice.
app = Chalice(app_name="kaituan", configure_logs=False)
# An answer of bytes says so itself; Chalice would refuse it to whoever does not name its type.
app.api.binary_types = []

for routes in (
    member_routes,
    catalog_routes,
    order_routes,
    group_routes,
    draw_routes,
    refund_routes,
    station_routes,
    voucher_routes,
    referral_routes,
    commission_routes,
    notification_routes,
    ranking_routes,
    withdrawal_routes,
    contract_routes,
):
    app.register_blueprint(routes, url_prefix="/v1")
wiring.answer_preflights(app)


@app.middleware("all")
def every_invocation(event: Any, get_response: Any) -> Any:
    """One id from the request to whatever follows from it; metrics at the end."""
    return wiring.follow(event, get_response)


@app.middleware("http")
def every_answer(request: Any, get_response: Any) -> Response:
    """One shape for every answer: problems, request id, CORS for the configured origins."""
    return wiring.finish(request, get_response)


@app.lambda_function(name="admin")
def admin(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Operators' commands that move no money."""
    return dispatch(event, money=False)


@app.lambda_function(name="admin_money")
def admin_money(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Operators' commands that move money; a function of its own, so that IAM can tell them
    apart.
    """
    return dispatch(event, money=True)


@app.on_dynamodb_record(stream_arn=f"{STREAM_OF}/orders", name="relay_orders")
def relay_orders(event: DynamoDBEvent) -> None:
    """What follows from a change to an order."""
    reactions.relay(event.to_dict()["Records"], wiring.current())


@app.on_dynamodb_record(stream_arn=f"{STREAM_OF}/groups", name="relay_groups")
def relay_groups(event: DynamoDBEvent) -> None:
    """What follows from a change to a group."""
    reactions.relay(event.to_dict()["Records"], wiring.current())


@app.on_dynamodb_record(stream_arn=f"{STREAM_OF}/refunds", name="relay_refunds")
def relay_refunds(event: DynamoDBEvent) -> None:
    """What follows from a change to a refund."""
    reactions.relay(event.to_dict()["Records"], wiring.current())


@app.on_dynamodb_record(stream_arn=f"{STREAM_OF}/commissions", name="relay_commissions")
def relay_commissions(event: DynamoDBEvent) -> None:
    """What follows from a change to a commission."""
    reactions.relay(event.to_dict()["Records"], wiring.current())


@app.on_dynamodb_record(stream_arn=f"{STREAM_OF}/withdrawals", name="relay_withdrawals")
def relay_withdrawals(event: DynamoDBEvent) -> None:
    """What follows from a change to a withdrawal, or from an operator's decision beside it."""
    reactions.relay(event.to_dict()["Records"], wiring.current())


@app.on_sqs_message(queue="refunds", batch_size=5, name="execute_refunds")
def execute_refunds(event: SQSEvent) -> dict[str, Any]:
    """Send refunds to WeChat."""
    return queues.execute_refunds(event.to_dict(), event.context, wiring.current())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_orders")
def sweep_orders(event: Any) -> None:
    """Orders whose due time has come."""
    sweeps.sweep_orders(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_groups")
def sweep_groups(event: Any) -> None:
    """Groups whose due time has come."""
    sweeps.sweep_groups(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_refunds")
def sweep_refunds(event: Any) -> None:
    """Refunds whose due time has come."""
    sweeps.sweep_refunds(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_commissions")
def sweep_commissions(event: Any) -> None:
    """Commissions that figures and boards do not know of yet."""
    sweeps.sweep_commissions(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_withdrawals")
def sweep_withdrawals(event: Any) -> None:
    """Withdrawals whose due time has come."""
    sweeps.sweep_withdrawals(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.schedule(Rate(1, unit=Rate.HOURS), name="reconcile_days")
def reconcile_days(event: Any) -> None:
    """Sum up the business days that are over, and compare them with WeChat's bills."""
    sweeps.reconcile_days(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.schedule(Rate(5, unit=Rate.MINUTES), name="audit_slice")
def audit_slice(event: Any) -> None:
    """The next slice of everything that must always be true."""
    sweeps.audit_slice(wiring.current(), time_left=sweeps.until_almost_out(event.context))


@app.on_cw_event(FILE_DROPPED, name="take_files")
def take_files(event: CloudWatchEvent) -> None:
    """A file that was dropped into the bucket, row by row."""
    time_left = sweeps.until_almost_out(event.context)
    uploads.take_file(event.to_dict(), wiring.current(), time_left=time_left)


@app.schedule(Rate(1, unit=Rate.HOURS), name="export_days")
def export_days(event: Any) -> None:
    """Write the business days that are closed, and what is to be shipped, for people to read."""
    sweeps.export_days(wiring.current(), time_left=sweeps.until_almost_out(event.context))
