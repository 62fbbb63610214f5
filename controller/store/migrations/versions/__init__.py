"""The steps. What a step says is literal: it must mean the same when the rest of the program has moved on."""
