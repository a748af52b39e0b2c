"""Why a table is not restored, with what to do about it."""


class NotRestored(Exception):
    """Nothing was changed in the live table, or not all of it; the message says why and what to
    do.
    """
