"""Money is a whole number of fen. Types and bounds for it; never a float, never a balance.

One yuan is 100 fen. Rates are basis points (`_bp`), 10,000 to the whole.
"""

from typing import Annotated

from pydantic import Field

MOST_FEN = 100_000_000
"""The largest price or amount accepted, one million yuan: far above any group buy, far below
overflow anywhere.
"""

PriceFen = Annotated[int, Field(strict=True, ge=1, le=MOST_FEN)]
AmountFen = Annotated[int, Field(strict=True, ge=0, le=MOST_FEN)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=999)]
