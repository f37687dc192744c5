"""The record, folded: what the backend's events say, in one file that answers at once and can be thrown away."""

from catalog.index.read import Added, Index

__all__ = ["Added", "Index"]
