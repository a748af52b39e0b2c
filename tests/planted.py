"""What must never be in a log: values that tests plant, and what looks like one wherever it comes
from.

Knows nothing of pytest and of the app: also the logs of a deployed stack are searched with it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FORMS = {
    "a session token": re.compile(r"eyJ[\w-]{10,}\.eyJ"),
    "a private key": re.compile(r"PRIVATE KEY"),
    "a mobile number": re.compile(r"(?<![0-9A-Za-z_.])1[3-9][0-9]{9}(?![0-9A-Za-z_])"),
    "a citizen's id number": re.compile(r"(?<![0-9A-Za-z_])[0-9]{17}[0-9Xx](?![0-9A-Za-z_])"),
    "an openid or unionid": re.compile(
        r"(?<![\w/+-])o(?=[\w-]*[0-9])(?=[\w-]*[A-Z])[\w-]{27}(?![\w/+-])", re.ASCII
    ),
    "a signature or another long key": re.compile(
        r"(?<![0-9A-Za-z+/_=-])(?!/)[0-9A-Za-z+/_=-]{120,}"
    ),
}
"""Looks that nothing of ours has. Our own ids are shorter, and begin in another way; what begins
with a slash is the path of a file in a traceback.
"""

PERSONAL_FIELDS = frozenset(
    {
        "recipient",
        "phone",
        "street",
        "detail",
        "nickname",
        "avatar_url",
        "remark",
        "reason",
        "real_name",
        "id_number",
        "code",
    }
)
"""What a client says of itself, by the names the API has for it."""

OWN_WORDS = frozenset({"custom_fields"})
SHORTEST = 6
SHORTEST_CHINESE = 2


class Planted:
    """Values that must not be logged, each with what it is. Those `for_good` stay when the others
    are forgotten.
    """

    def __init__(self) -> None:
        self._for_good: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def plant(self, what: str, value: object, *, for_good: bool = False) -> None:
        """Texts too short to mean anything in a log are left out."""
        if not isinstance(value, str) or not _says_something(value):
            return
        (self._for_good if for_good else self._values)[value] = what

    def plant_body(self, body: object) -> None:
        """Whatever a request says of a person, at any depth."""
        for what, value in _personal(body):
            self.plant(what, value)

    def forget(self) -> None:
        """What was planted, but for what stays for good."""
        self._values.clear()

    def found_in(self, text: str) -> list[str]:
        """What is in the text, as it is or as JSON escapes it, and in which line."""
        values = {**self._for_good, **self._values}
        found = [
            (what, spelt)
            for value, what in values.items()
            for spelt in _spellings(value)
            if spelt in text
        ]
        found += [(what, match[0]) for what, form in FORMS.items() for match in form.finditer(text)]
        return [f"{what}: {spelt[:40]!r} in: {_line_with(spelt, text)}" for what, spelt in found]


def plant_credentials(planted: Planted, parameters: Mapping[str, str]) -> None:
    """A shop's parameters by name: those that nobody else may know."""
    for name in ("app_secret", "api_v3_key", "message_token", "message_aes_key"):
        planted.plant(name, parameters[name], for_good=True)
    lines = parameters["merchant_private_key"].splitlines()
    planted.plant("merchant_private_key", lines[len(lines) // 2], for_good=True)


def _spellings(value: str) -> set[str]:
    """As it is, and as JSON writes it."""
    return {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}


def _says_something(value: str) -> bool:
    shortest = SHORTEST if value.isascii() else SHORTEST_CHINESE
    return len(value.strip()) >= shortest


def _personal(content: object) -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping):
        for name, value in content.items():
            if name in OWN_WORDS and isinstance(value, Mapping):
                yield from ((f"{name}.{inner}", word) for inner, word in value.items())
            elif name in PERSONAL_FIELDS:
                yield str(name), value
            yield from _personal(value)
    elif isinstance(content, Iterable) and not isinstance(content, (str, bytes)):
        for one in content:
            yield from _personal(one)


def _line_with(spelt: str, text: str) -> str:
    at = text.index(spelt)
    begins = text.rfind("\n", 0, at) + 1
    return text[begins : text.find("\n", at) if "\n" in text[at:] else len(text)][:400]


planted = Planted()
"""Of this process: the shops and browsers of the tests plant into it."""
