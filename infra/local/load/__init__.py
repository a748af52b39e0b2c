"""Load: many members at once on the local stack, and whether the books balance afterwards."""
