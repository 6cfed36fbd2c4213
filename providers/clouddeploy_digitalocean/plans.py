"""DOCR's plans: what each holds, and what to say when that is not enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clouddeploy.errors import PreconditionError
from clouddeploy_digitalocean.records import Plan

TIERS = ("starter", "basic", "professional")
"""The plans' slugs, smallest first."""

REGISTRIES: Mapping[str, int] = {"starter": 1, "basic": 1, "professional": 10}
"""How many registries an account may have; the API's list of plans does not say it.

Source: https://docs.digitalocean.com/products/container-registry/details/limits/, 2026-06.
"""


def fits(count: int, slug: str) -> bool:
    """Whether an account with the plan may have so many registries; a plan that is new may."""
    return count <= REGISTRIES.get(slug, count)


def no_more(registry: str, others: Sequence[str], plan: Plan) -> PreconditionError:
    """There is no room for another registry beside `others`."""
    count = len(others)
    holds = "1 registry" if count == 1 else f"{count} registries"
    larger_ones = [slug for slug in TIERS if fits(count + 1, slug)]
    change = f", or write registry: {{tier: {larger_ones[0]}}} to change the plan" if larger_ones else ""
    return PreconditionError(
        f"the registry {registry} cannot be made: the plan {plan.name} holds {holds}, and the account has "
        f"{', '.join(others)}",
        fix=f"use what is there: registry: {{name: {others[0]}}} in the target{change}",
    )


def full(registry: str, repository: str, plan: Plan, known: set[str]) -> PreconditionError | None:
    """Why there is no room for a repository beside the `known` ones; None when there is."""
    if not plan.repositories or repository in known or len(known) < plan.repositories:
        return None
    return PreconditionError(
        f"the registry {registry} has no room for {repository}: the plan {plan.name} holds "
        f"{plan.repositories} {'repository' if plan.repositories == 1 else 'repositories'}, "
        f"taken by {', '.join(sorted(known))}",
        fix=f"{change(plan)}, or delete a repository",
    )


def too_many(registry: str, more: Sequence[str], count: int, plan: Plan, enough: Plan) -> PreconditionError:
    """The plan holds fewer than `count` repositories; `enough` is the smallest that holds them."""
    holds = f"{enough.repositories} repositories" if enough.repositories else "any number of repositories"
    return PreconditionError(
        f"the registry {registry} would hold {count} repositories with {', '.join(more)}, and the plan "
        f"{plan.name} holds {plan.repositories}; nothing was sent",
        fix=f"write registry: {{tier: {enough.slug}}} in the target: {enough.name} holds {holds} and costs "
        f"{enough.monthly:.2f} USD a month",
    )


def change(plan: Plan) -> str:
    """What to write for the plan above."""
    above = TIERS[min(TIERS.index(plan.slug) + 1, len(TIERS) - 1)] if plan.slug in TIERS else TIERS[-1]
    return f"write registry: {{tier: {above}}} in the target to change the plan"


def larger(wanted: str, current: str) -> bool:
    """Whether one plan's slug names a larger plan than another's."""
    return wanted in TIERS and current in TIERS and TIERS.index(wanted) > TIERS.index(current)
