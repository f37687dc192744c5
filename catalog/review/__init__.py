"""Review: what a branch changes in what is declared, compared with what was last observed, for a pull request."""

from catalog.review.review import Place, Problem, Review, Reviewed, Waiver

__all__ = ["Place", "Problem", "Review", "Reviewed", "Waiver"]
