"""The matching engine against what one could use instead: `python -m benchmarks engine`."""
