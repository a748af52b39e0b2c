"""The rule of newcomers (老带新): everyone but the leader must never have paid an order.

Decided when a seat is claimed; who is new is known by members/store.py.
"""

from chalicelib.rules.model import Rules, Who


def must_be_new(rules: Rules, *, is_leader: bool) -> bool:
    """Whether whoever takes this seat must never have paid an order."""
    return rules.who is Who.NEWCOMERS and not is_leader
