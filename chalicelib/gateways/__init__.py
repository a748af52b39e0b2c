"""The outside world: WeChat Pay and the mini-program server API, each behind a Protocol.

Knows how to ask, and how to tell a true answer from a false one; never decides about orders.
"""
