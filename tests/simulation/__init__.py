"""Deterministic simulation: the real handlers under one clock and one scheduler, with everything
going wrong that AWS and WeChat allow, from a seed that repeats it.
"""
