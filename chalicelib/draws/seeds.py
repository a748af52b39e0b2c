"""Seeds of draws: made at random, sealed until the draw, opened once.

Must never put a seed into a log or an error.
"""

from collections.abc import Callable, Mapping

from chalicelib.draws.errors import DrawsOff
from chalicelib.draws.model import SEED_BYTES, Draw, hash_of
from chalicelib.kit.ids import random_bytes
from chalicelib.kit.sealing import seal, unseal


class Seeds:
    """Makes and opens seeds. Without keys it refuses to."""

    def __init__(
        self,
        keys: Mapping[str, str] | None,
        new_seed: Callable[[], str] = lambda: random_bytes(SEED_BYTES).hex(),
    ) -> None:
        self._keys = keys
        self._new_seed = new_seed

    def check(self) -> None:
        """Raises DrawsOff."""
        if not self._keys:
            raise DrawsOff("Draws are off here: the parameter draw_keys is missing.")

    def announce(self, draw_id: str) -> tuple[str, str]:
        """The hash of a new seed, and the seed sealed. Raises DrawsOff."""
        self.check()
        seed = self._new_seed()
        return hash_of(seed), seal(seed, self._keys or {}, about=draw_id)

    def reveal(self, draw: Draw) -> str:
        """The seed of a draw. Raises CannotOpen when its key is gone."""
        return unseal(draw.seed_sealed, self._keys or {}, about=draw.draw_id)


NO_SEEDS = Seeds(None)
"""For callers that have no keys: nothing can be announced or drawn."""
