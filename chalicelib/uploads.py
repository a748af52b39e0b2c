"""What a file dropped into the bucket starts: its rows become operators' commands, until the time
is over; then the function starts itself again.

The event is the bucket's, by way of EventBridge; the same may come twice, and is done once.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.admin.dispatch import dispatch
from chalicelib.files.model import drop_of
from chalicelib.files.take import Tools, take
from chalicelib.sweeps import TimeLeft, always
from chalicelib.wiring import Wiring

logger = Logger()


def take_file(event: Mapping[str, Any], wired: Wiring, *, time_left: TimeLeft = always) -> None:
    """Goes through the file that the event is about, as far as the time allows."""
    about = event["detail"]["object"]
    drop = drop_of(str(about["key"]))
    if drop is None:
        logger.info("file_not_taken")
        return
    tools = Tools(wired.files, partial(dispatch, money=False), wired.clock, time_left)
    drop_id = str(about.get("sequencer") or event.get("id", ""))
    if take(drop, drop_id, tools, goes_on=bool(event.get("goes_on"))):
        return
    wired.files.go_on({**event, "goes_on": True})
