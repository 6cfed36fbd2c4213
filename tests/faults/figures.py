"""Figures with their statistical bound: k of n, and what that says about the share behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, lgamma, log

CONFIDENCE = 0.95


def upper_bound(failures: int, trials: int) -> float:
    """The one-sided 95 % Clopper-Pearson bound of a failure rate."""
    if trials == 0 or failures >= trials:
        return 1.0
    low, high = failures / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(failures, trials, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


@dataclass
class Figure:
    """A promise: in how many of `trials` runs it was broken, and by which seeds.

    `most` is the share of runs that may break it.
    """

    promise: str
    trials: int = 0
    broken: list[tuple[int, str]] = field(default_factory=list)
    most: float = 0.0

    def count(self, seed: int, problem: str) -> None:
        """One more run; "" when the promise was kept."""
        self.trials += 1
        if problem:
            self.broken.append((seed, problem))

    @property
    def met(self) -> bool:
        return self.trials > 0 and len(self.broken) <= self.most * self.trials

    def __str__(self) -> str:
        kept, bound = self.trials - len(self.broken), upper_bound(len(self.broken), self.trials)
        share = f"{kept} of {self.trials}, broken in less than {bound:.2%}"
        return f"{'  ' if self.met else '! '}{self.promise:<52} {share}"


def show(figures: Sequence[Figure], listed: int = 8) -> bool:
    """Print a table and the first broken seeds; whether all promises were kept."""
    for figure in figures:
        print(figure)
    for figure in figures:
        for seed, problem in figure.broken[:listed]:
            print(f"  {figure.promise}: seed {seed}: {problem}")
        if len(figure.broken) > listed:
            print(f"    and seeds {', '.join(str(seed) for seed, _ in figure.broken[listed:])}")
    return all(figure.met for figure in figures)


def _at_most(failures: int, trials: int, rate: float) -> float:
    """The probability of so many failures or fewer."""
    whole = lgamma(trials + 1)
    return sum(
        exp(whole - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(rate) + (trials - k) * log(1 - rate))
        for k in range(failures + 1)
    )
