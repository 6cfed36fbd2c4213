"""What an app would cost and get on each cloud: dated list prices, packing, a comparison.

Everything here works offline and imports no SDK and no provider: prices, allocatable resources
and features are data below `data/`; `clouds` holds how each cloud composes its bill of them.
Money is `Decimal` USD; an unknown price is None and never counts as 0.
"""
