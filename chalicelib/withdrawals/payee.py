"""Who is paid (收款人), as one text to be sealed: the real name and the id number. Pure."""

import json


def payee_text(real_name: str, id_number: str) -> str:
    """Both in one text, for `kit/sealing.py`."""
    return json.dumps({"real_name": real_name, "id_number": id_number}, ensure_ascii=False)


def real_name_of(text: str) -> str:
    """What WeChat compares with the name of whoever takes the money."""
    name: str = json.loads(text)["real_name"]
    return name


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def has_right_check_digit(id_number: str) -> bool:
    """Whether the last of an id number's eighteen signs is the one its others demand
    (GB 11643-1999).
    """
    pairs = zip(id_number[:17], _WEIGHTS, strict=True)
    total = sum(int(digit) * weight for digit, weight in pairs)
    return id_number[17] == _CHECK_DIGITS[total % len(_CHECK_DIGITS)]
