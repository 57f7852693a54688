"""The notice board: its people, listings and exchanges. One module a feature.

Public functions take a `board.context.Board` first, open their own unit of work, and wake the
workers after the commit.
"""
