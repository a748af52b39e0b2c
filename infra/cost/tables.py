"""The tables of docs/cost.md, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.cost import bill, prices, uses
from infra.cost.bill import Line

ORDERS = {"1 k": 1_000, "100 k": 100_000, "10 M": 10_000_000}

Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """What is printed, and what stands in the document."""

    title: str
    heading: Row
    rows: Sequence[Row]

    def markdown(self) -> str:
        """As it stands in docs/cost.md."""
        lines = (self.heading, ["---", *["---:"] * (len(self.heading) - 1)], *self.rows)
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def all_tables() -> tuple[Table, ...]:
    """In the order of the document."""
    return (_months(), _idle(), _schedules(), _address(), _stories(), _prices())


def _months() -> Table:
    bills = [bill.bill(orders) for orders in ORDERS.values()]
    rows = [
        [each[0].price.name.partition(", first")[0], *(_usd(one.usd) for one in each)]
        for each in zip(*bills, strict=True)
    ]
    sums = [(bill.total(one), bill.free(one)) for one in bills]
    address = [bill.total(bill.fixed_address(orders)) for orders in ORDERS.values()]
    rows.append(["**all together**", *(f"**{_usd(usd)}**" for usd, _ in sums)])
    rows.append(["free tiers take off", *(_usd(off) for _, off in sums)])
    rows.append(["what is left", *(_usd(usd - off) for usd, off in sums)])
    rows.append(["a fixed address for payouts, besides", *(_usd(usd) for usd in address)])
    each_order = [
        (usd + more) / orders
        for (usd, _), more, orders in zip(sums, address, ORDERS.values(), strict=True)
    ]
    rows.append(["with it, for each order", *(f"{usd:.4f}" for usd in each_order)])
    return Table("dollars a month, orders", ["dollars a month", *ORDERS], rows)


def _idle() -> Table:
    lines = [line for line in bill.bill(0) if line.usd]
    rows = [[one.price.name, _quantity(one), _usd(one.usd), _usd(one.free_usd)] for one in lines]
    usd, off = bill.total(lines), bill.free(lines)
    rows.append(["**all together**", "", f"**{_usd(usd)}**", _usd(off)])
    address = bill.total(bill.fixed_address(0))
    rows.append(["with the fixed address", "", _usd(usd + address), _usd(off)])
    heading = ["with no order at all", "a month", "dollars", "of it free"]
    return Table("left on", heading, rows)


def _schedules() -> Table:
    found = bill.schedules()
    rows = [
        [f"`{one.name}`", f"{one.runs:,.0f}", f"{one.read_units:,.0f}", _usd(one.usd)]
        for one in found
    ]
    sums = (
        f"{sum(one.runs for one in found):,.0f}",
        f"{sum(one.read_units for one in found):,.0f}",
        _usd(sum(one.usd for one in found)),
    )
    heading = ["schedule, with nothing to do", "runs a month", "read units", "dollars"]
    return Table("schedules", heading, [*rows, ["all together", *sums]])


def _address() -> Table:
    rows = []
    for name, lines in (
        ("NAT gateway (`infra/egress.yaml`)", bill.fixed_address(0)),
        ("NAT instance, looked after by you", bill.nat_instance()),
    ):
        rows += [[name, "", _usd(bill.total(lines))]]
        rows += [["– " + one.price.name, _quantity(one), _usd(one.usd)] for one in lines if one.usd]
    return Table("fixed address", ["a fixed address", "a month", "dollars"], rows)


def _stories() -> Table:
    found = (
        ("an order", 1, uses.ORDER),
        ("a refund", uses.REFUNDS_PER_ORDER, uses.REFUND),
        ("a withdrawal", uses.WITHDRAWALS_PER_ORDER, uses.WITHDRAWAL),
        ("a page looked at", uses.PAGES_PER_ORDER, uses.PAGE),
    )
    units = ["write units", "read units", "requests", "records"]
    heading = ["story", "for each order", *units, "log bytes", "kept bytes"]
    rows = []
    for name, times, used in found:
        figures = (
            used.write_units,
            used.read_units,
            used.requests,
            used.records,
            used.log_bytes,
            used.stored_bytes,
        )
        rows.append([name, f"{times:g}", *(f"{figure:,g}" for figure in figures)])
    return Table("what stories use", heading, rows)


def _prices() -> Table:
    rows = [
        [
            one.name,
            f"{one.usd:.10f}".rstrip("0").rstrip("."),
            one.unit,
            "seen" if one.seen else "known",
        ]
        for one in prices.ALL
    ]
    return Table("prices", ["price", "dollars", "for each", "how sure"], rows)


def _quantity(line: Line) -> str:
    quantity = line.quantity if line.price.per == 1 else line.quantity / line.price.per
    shown = f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:.3g}"
    return f"{shown} × {line.price.unit}"


def _usd(usd: float) -> str:
    return f"{usd:,.0f}" if usd >= 100 else f"{usd:.2f}"
