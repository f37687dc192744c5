"""Numbers as people read them."""

from collections.abc import Callable
from typing import Any

Words = Callable[[float], str]


def whole(value: float) -> str:
    """12,345"""
    return f"{value:,.0f}"


def money(value: float) -> str:
    """12,345.60"""
    return f"{value:,.2f}"


def percent(value: float) -> str:
    """12.3 % of 0.123"""
    return f"{100 * value:.1f} %"


def short(value: float) -> str:
    """12k, 1.5M: for axes."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def said(value: Any, words: Words) -> str:
    """The value in words, a dash when there is none."""
    return "–" if value is None else words(value)
