"""The index of listings: `Index` is its only public name."""

from matcher.index.search import Index

__all__ = ["Index"]
