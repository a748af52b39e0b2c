"""A soak: members and staff at work on a running stack for so many seconds, then quiet until
nothing is left to do, then the books.

Must never bring a stack up or down, nor leave a thread behind.
"""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Queue

from infra.local.books import Books, close_books
from infra.local.load.catalogue import FREEZE_SECONDS, GROUP_SECONDS, PAY_WINDOW_SECONDS
from infra.local.load.customer import Board, Customer
from infra.local.load.measures import Measures, Routes, TimedShopper
from infra.local.load.staff import Staff
from infra.local.load.stuck import overdue, unfinished
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Shopper
from infra.local.stack import Stack

STAFF_PAUSE_SECONDS = 2.0
TOLD_EVERY_SECONDS = 5.0
REST_SECONDS_MAX = 120.0
REST_LOOK_SECONDS = 1.0
TRANSFER_LOOKS_MAX = 20

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much load. `at_once`: how many members act at the same moment; `seed`: who does what."""

    seconds: float = 60.0
    members: int = 24
    at_once: int = 6
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """What came of it. `problems` is empty when every answer was as it should be, the books agree
    and nothing is stuck.
    """

    measures: Measures
    seconds: float
    books: Books
    problems: list[str]


def soak(stack: Stack, plan: Plan, tell: Tell) -> Outcome:
    """Runs the plan. What breaks in a thread is raised here, after all of them have ended."""
    measures, board = Measures(), Board()
    routes = Routes.of_template(stack.packaged.read_template())
    customers = [
        Customer(
            TimedShopper(stack.endpoints, f"load-{number}", measures, routes),
            board,
            measures,
            random.Random(f"{plan.seed}-{number}"),
        )
        for number in range(1, plan.members + 1)
    ]
    _wake_workers(stack, plan.at_once)
    with ThreadPoolExecutor(plan.at_once) as pool:
        list(pool.map(lambda customer: customer.shopper.signs_in(), customers))
        list(pool.map(Customer.brings, customers[::2], customers[1::2]))
    tell(f"{plan.members} members signed in, {plan.at_once} of them act at a time")
    staff = Staff(stack, measures)
    began = time.monotonic()
    _work(plan, customers, staff, measures, tell)
    seconds = time.monotonic() - began
    measures.end()
    problems = _come_to_rest(stack, plan, staff, customers, tell)
    books = close_books(stack, SandboxControl(stack.endpoints.sandbox_url))
    found = [*measures.faults(), *problems, *unfinished(books), *books.differences()]
    return Outcome(measures, seconds, books, found)


def _wake_workers(stack: Stack, count: int) -> None:
    """Has so many workers of the API started: what that takes is not what is to be measured."""
    everyone_is_here = threading.Barrier(count)

    def call(number: int) -> None:
        phone = Shopper(stack.endpoints, f"waker-{number}")
        everyone_is_here.wait()
        phone.send("GET", "/v1/health").expect(200, "a first call")

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(call, range(count)))


def _work(
    plan: Plan, customers: list[Customer], staff: Staff, measures: Measures, tell: Tell
) -> None:
    """Each thread takes whoever is free, lets them take a step, and takes the next."""
    over = threading.Event()
    free: Queue[Customer] = Queue()
    for customer in customers:
        free.put(customer)

    def members_act() -> None:
        while not over.is_set():
            customer = free.get()
            customer.takes_a_step()
            free.put(customer)

    def again_and_again(work: Callable[[], object]) -> None:
        while not over.wait(STAFF_PAUSE_SECONDS):
            work()

    with ThreadPoolExecutor(plan.at_once + 2) as pool:
        threads = [pool.submit(members_act) for _ in range(plan.at_once)]
        threads += [pool.submit(again_and_again, one) for one in (staff.works, staff.sweeps)]
        try:
            _tell_how_it_goes(plan, threads, measures, tell)
        finally:
            over.set()
        for thread in threads:
            thread.result()


def _tell_how_it_goes(
    plan: Plan, threads: list[Future[None]], measures: Measures, tell: Tell
) -> None:
    """Until the time is over, or a thread broke."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < plan.seconds:
        left = min(TOLD_EVERY_SECONDS, plan.seconds - passed)
        done, _ = wait(threads, timeout=left, return_when=FIRST_EXCEPTION)
        if done:
            return
        passed, count = time.monotonic() - began, measures.count
        faults = sum(sum(one.faults.values()) for one in measures.operations.values())
        tell(
            f"{passed:5.0f} s  {count:6} requests  {count / passed:5.1f} a second  {faults} faults"
        )


def _come_to_rest(
    stack: Stack, plan: Plan, staff: Staff, customers: list[Customer], tell: Tell
) -> list[str]:
    """Lets the last deadlines pass and the last goods arrive, has everybody take out what they
    earned, and answers what is still due after that.
    """
    tell(f"{PAY_WINDOW_SECONDS + GROUP_SECONDS} s for the last orders and groups to run out")
    time.sleep(PAY_WINDOW_SECONDS + GROUP_SECONDS)
    _sweep_until_nothing_is_due(stack, staff, tell)
    tell("the last goods arrive, and whoever earned something takes it out")
    staff.works()
    with ThreadPoolExecutor(plan.at_once) as pool:
        list(pool.map(Customer.receives, customers))
        time.sleep(FREEZE_SECONDS)
        staff.sweeps()
        list(pool.map(Customer.withdraws, customers))
        for _ in range(TRANSFER_LOOKS_MAX):
            staff.decides()
            if not any(list(pool.map(Customer.confirms_what_waits, customers))):
                break
            time.sleep(REST_LOOK_SECONDS)
    return _sweep_until_nothing_is_due(stack, staff, tell)


def _sweep_until_nothing_is_due(stack: Stack, staff: Staff, tell: Tell) -> list[str]:
    """What is still due when it takes too long."""
    gives_up_at = time.monotonic() + REST_SECONDS_MAX
    while True:
        staff.sweeps()
        staff.decides()
        left = overdue(stack)
        if not left or time.monotonic() > gives_up_at:
            return left
        tell(f"not at rest yet: {', '.join(left)}")
        time.sleep(REST_LOOK_SECONDS)
