"""Runnable examples; `make demo` runs `examples.restock`."""
