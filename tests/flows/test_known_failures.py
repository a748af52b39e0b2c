"""What comparable open systems get wrong, one test per failure that this system has to be immune
to.

The order and the names follow docs/comparison.md.
"""

from threading import Barrier, Thread

from tests.shop import Member, Reply


def at_once(attempts: list[Member], group_id: str) -> list[Reply]:
    """All of them try to join, from threads that start together."""
    replies: list[Reply] = []
    start = Barrier(len(attempts))

    def attempt(member: Member) -> None:
        start.wait()
        replies.append(member.tries_to_join(group_id))

    threads = [Thread(target=attempt, args=(member,)) for member in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies
