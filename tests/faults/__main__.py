"""`make faults`: pushes on bad days, through kill -9 and to mean registries, counted.

python -m tests.faults                            all of it: about half an hour on two cores
python -m tests.faults push --count 300           the first 300 seeds of one kind
python -m tests.faults push --seed 17             one seed alone, told in full
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import median

from tests.faults.blocks import PROMISES, run
from tests.faults.figures import Figure, show

COUNTS = {"push": 3600, "kill": 300, "hostile": 250}
_MOST = {"unaided": 0.005}
_BLOCK = 50


def main() -> int:
    """0 when all promises were kept, 1 otherwise."""
    asked = _arguments()
    if not asked.kind and asked.seed is not None:
        asked.kind = "push"
    if asked.seed is not None:
        return _tell(asked.kind, asked.seed)
    if not shutil.which("skopeo"):
        print("skopeo is not installed: the harness reads back with its own reader alone")
    kinds = [asked.kind] if asked.kind else list(COUNTS)
    kept = [_count(kind, asked.count or COUNTS[kind], asked.jobs) for kind in kinds]
    return 0 if all(kept) else 1


def _count(kind: str, count: int, jobs: int) -> bool:
    begin = time.monotonic()
    figures = {key: Figure(text, most=_MOST.get(key, 0.0)) for key, text in PROMISES[kind].items()}
    blocks = [range(first, min(first + _BLOCK, count)) for first in range(0, count, _BLOCK)]
    print(f"{kind}: seeds 0 to {count - 1}", flush=True)
    more: list[int] = []
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            for number, found in enumerate(pool.map(partial(run, kind), blocks), 1):
                for one in found:
                    more += [] if one.more is None else [one.more]
                    for key, problem in one.promises.items():
                        figures[key].count(one.seed, problem and f"{one.what}: {problem}")
                spent = time.monotonic() - begin
                print(f"  block {number} of {len(blocks)}, {spent:.0f} s", end="\r", flush=True)
        except KeyboardInterrupt:
            print("stopped: this is what was counted so far")
            pool.shutdown(wait=False, cancel_futures=True)
    print(" " * 40, end="\r")
    kept = show(list(figures.values()))
    if more:
        print(f"  bytes sent beyond the image's: median {median(more):.0f}, at most {max(more)}")
    print(f"{kind}: {time.monotonic() - begin:.0f} s; one alone: python -m tests.faults {kind} --seed N\n")
    return kept


def _tell(kind: str, seed: int) -> int:
    (found,) = run(kind, [seed])
    print(found.what)
    for key, problem in found.promises.items():
        print(f"  {'broken' if problem else 'kept'}: {PROMISES[kind][key]}{problem and ': ' + problem}")
    return 1 if any(found.promises.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("kind", nargs="?", choices=list(COUNTS))
    parser.add_argument("--count", type=int, help="how many seeds, from 0 on")
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
