"""What the program costs, measured against a plain peer in the same run.

`python -m benchmarks all --json -` prints one JSON object a line. Every benchmark is a module with
`run(options) -> Iterator[dict]`. All of them keep to loopback and to a temporary home folder.
"""
