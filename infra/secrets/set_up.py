"""Brings a stage's parameters together: takes what is given, asks for the rest, makes what is ours.

Must never overwrite what is there unless told to by name, nor show a value.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from infra.secrets.kinds import (
    BY_NAME,
    CERTIFICATE,
    PARAMETERS,
    PEM,
    Parameter,
    belong_together,
    serial_of,
)
from infra.secrets.store import Store, Stored

Ask = Callable[[str, bool], str]
"""From a question, and whether the answer is a secret, to the answer; "" to leave it for now."""


PATH_WANTED = "; path of the file"
TIMES_ASKED = 3


class NotSetUp(Exception):
    """Something given cannot be used; nothing was written. The message says what and why, and
    never quotes it.
    """


@dataclass(frozen=True)
class Given:
    """What the caller brings: values by name, and which present ones may be replaced."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    replace: Sequence[str] = ()
    key_id: str = ""

    def __post_init__(self) -> None:
        unknown = sorted({*self.values, *self.replace} - BY_NAME.keys())
        if unknown:
            names = ", ".join(BY_NAME)
            raise NotSetUp(f"there is no parameter {', '.join(unknown)}; there are: {names}")


def set_up(store: Store, given: Given, ask: Ask | None, console: Console) -> bool:
    """Writes what can be written; whether nothing that is needed is missing or wrong afterwards.

    Without `ask` nobody is asked. Everything given is looked at before anything is written. Raises
    `NotSetUp`.
    """
    present = store.read()
    kept = [name for name in given.values if name in present and name not in given.replace]
    if kept:
        names = ", ".join(kept)
        raise NotSetUp(f"there already: {names}. To write it anew, add --replace for each")
    texts = dict(given.values)
    wished = {name: _read_in(name, text, given.key_id) for name, text in texts.items()}
    for parameter in PARAMETERS:
        name = parameter.name
        if name in wished or (name in present and name not in given.replace):
            continue
        if parameter.make:
            wished[name] = _made(parameter, parameter.make, present.get(name))
        elif ask:
            texts[name], wished[name] = _asked(parameter, given.key_id, ask, console)
    _require_one_certificate(texts, wished, present)
    wished = {name: value for name, value in wished.items() if value}
    for name, value in wished.items():
        store.put(name, value, present.get(name))
        console.print(f"[green]✓[/] {name} written", highlight=False)
    return show(store.read(), console)


def show(present: Mapping[str, Stored], console: Console) -> bool:
    """A table of what is there, without a value; whether all that is needed is there and good."""
    table = Table(Column("parameter", no_wrap=True), "", "what it is")
    good = True
    for parameter in PARAMETERS:
        stored = present.get(parameter.name)
        mark, said = _state(parameter, stored)
        good = good and mark != "[red]✗[/]"
        table.add_row(f"{mark} {parameter.name}", said, escape(parameter.what))
    console.print(table)
    return good


def _state(parameter: Parameter, stored: Stored | None) -> tuple[str, str]:
    if stored is None:
        said = f"missing: {parameter.off} off"
        return ("[yellow]–[/]" if parameter.is_optional else "[red]✗[/]"), said
    if not stored.is_encrypted and not parameter.may_lie_open:
        return "[red]✗[/]", f"not encrypted, so not used: --replace {parameter.name}"
    complaint = parameter.complaint(stored.value)
    return ("[red]✗[/]", complaint) if complaint else ("[green]✓[/]", "there")


def _made(parameter: Parameter, make: Callable[[str | None], str], present: Stored | None) -> str:
    try:
        return make(present.value if present else None)
    except (ValueError, TypeError):
        raise NotSetUp(
            f"{parameter.name} {parameter.complaint(present.value if present else '')}: what it "
            "holds cannot be kept beside a new key; look at it, then delete it first"
        ) from None


def _asked(parameter: Parameter, key_id: str, ask: Ask, console: Console) -> tuple[str, str]:
    """The answer and the value in it, both "" when it is left for later."""
    question = f"{parameter.name}: {parameter.what}"
    if parameter.is_file:
        question += PATH_WANTED
    for _ in range(TIMES_ASKED):
        text = ask(question, parameter.is_secret and not parameter.is_file).strip()
        if not text:
            return "", ""
        try:
            return text, _read_in(parameter.name, text, key_id, ask)
        except NotSetUp as error:
            console.print(str(error), style="yellow", markup=False, soft_wrap=True)
    raise NotSetUp(f"{parameter.name} was asked for {TIMES_ASKED} times")


def _read_in(name: str, text: str, key_id: str, ask: Ask | None = None) -> str:
    """The value to write. Raises `NotSetUp` when it cannot be used."""
    value = text if PEM in text else text.strip()
    if name == "wechat_merchant_serial" and CERTIFICATE in value:
        value = _serial(value)
    elif name == "wechat_public_keys" and value.startswith(PEM):
        value = json.dumps({_key_id(value, key_id, ask): value})
    complaint = BY_NAME[name].complaint(value)
    if complaint:
        raise NotSetUp(f"{name} {complaint}")
    return value


def _serial(certificate: str) -> str:
    try:
        return serial_of(certificate)
    except ValueError:
        raise NotSetUp("wechat_merchant_serial: the certificate cannot be read") from None


def _key_id(pem: str, key_id: str, ask: Ask | None) -> str:
    """By what id WeChat knows its key: a certificate's serial, or what its console shows."""
    if CERTIFICATE in pem:
        return _serial(pem)
    if not key_id and ask:
        key_id = ask("the id of that key, PUB_KEY_ID_… beside it in the console", False).strip()
    if not key_id.startswith("PUB_KEY_ID_"):
        raise NotSetUp("wechat_public_keys: give the key's id too: --key-id PUB_KEY_ID_…")
    return key_id


def _require_one_certificate(
    texts: Mapping[str, str], wished: Mapping[str, str], present: Mapping[str, Stored]
) -> None:
    """Raises `NotSetUp` when a certificate was given that is of another private key."""
    certificate = texts.get("wechat_merchant_serial", "")
    stored = present.get("wechat_merchant_private_key")
    key = wished.get("wechat_merchant_private_key") or (stored.value if stored else "")
    if CERTIFICATE in certificate and key and not belong_together(key, certificate):
        raise NotSetUp(
            "apiclient_cert.pem is not the certificate of wechat_merchant_private_key: take both "
            "files of the same download"
        )
