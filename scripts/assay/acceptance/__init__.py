"""Changed code that gives the same bits: which recipes it moves, and the evidence that they may stay."""
