"""That the simulation finds real faults: each planted bug, in a copy of the tree, within its
stated number of runs, by what it does; and that the same run of this tree is right.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.planted import PLANTED, Planted
from tests.simulation.planting import find
from tests.simulation.run import Plan, play, simulated_database


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(
    bug: Planted, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = find(bug, tmp_path)
    assert 0 < found.runs <= bug.runs, f"not found in {bug.runs} runs"
    assert any(bug.expects in violation for violation in found.violations), found.violations
    with simulated_database() as database:
        unharmed = play(Plan(found.seed, bug.kind, bug.theme), database)
    assert unharmed.violations == ()
    record_property("runs until it was found", found.runs)
