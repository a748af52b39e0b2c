"""The rule of custom fields (定制): what each member fills in for goods that are made to order.

What they may say stands here; whether WeChat lets them say it is asked by orders/judge_wishes.py.
"""

from collections.abc import Iterator, Mapping

from chalicelib.rules.model import CustomField, Rules, Terms


def faults(rules: Rules, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with what was filled in, as the field's name and a sentence."""
    fields = {field.name: field for field in rules.custom_fields}
    for name in given:
        if name not in fields:
            yield name, "this campaign does not ask for it"
    for name, field in fields.items():
        fault = _fault(field, given.get(name, "").strip())
        if fault is not None:
            yield name, fault


def _fault(field: CustomField, text: str) -> str | None:
    if not text:
        return "must be filled in" if field.required else None
    if field.options:
        return None if text in field.options else f"must be one of: {', '.join(field.options)}"
    if len(text) > field.max_length:
        return f"must be at most {field.max_length} characters"
    return None


def filled_in(given: Mapping[str, str]) -> dict[str, str]:
    """What counts of it: no blanks, around or instead of a text."""
    return {name: text.strip() for name, text in given.items() if text.strip()}


def own_words(rules: Rules, given: Mapping[str, str]) -> list[str]:
    """The texts that are not one of a field's options."""
    free = {field.name for field in rules.custom_fields if not field.options}
    return [text for name, text in given.items() if name in free]


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    fields = terms.rules.custom_fields
    names = [field.name for field in fields]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"custom_fields: {name} stands there twice"
    if fields and terms.rules.draw is not None:
        yield "draw: what is made to order is made for everyone; leave out draw or custom_fields"
