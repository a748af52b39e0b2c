"""How the sandbox behaves until told otherwise: what `POST /sandbox/settings` changes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`overdue_closes_after_seconds` beyond a day is WeChat being late: the package is dead, the
    transfer still waits. The rest is told where it is used.
    """

    accept_any_code: bool = False
    hold_refunds: bool = False
    hold_transfers: bool = False
    give_unionids: bool = False
    refund_settles_after_seconds: int = 0
    transfer_settles_after_seconds: int = 0
    transfer_maximum_fen: int = 200_00
    overdue_closes_after_seconds: int = 24 * 3600
    withhold_seconds: int = 6
    shipping_lag_seconds: int = 0
    template_ids: tuple[str, ...] = ()
    risky_words: tuple[str, ...] = ()
    doubtful_words: tuple[str, ...] = ()
    message_url: str = ""
    complaint_url: str = ""
