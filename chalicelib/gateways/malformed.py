"""What to raise when something of WeChat's is not what WeChat documents."""


class Malformed(Exception):
    """It is not what WeChat documents; the text names the field, never its value."""
