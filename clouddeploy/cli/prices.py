"""`clouddeploy prices refresh`"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy.cli import options, view
from clouddeploy.cli.compared import cloud_named
from clouddeploy.errors import PartialError
from clouddeploy.prices.refresh import SOURCES, Refreshed, refresh

From = Annotated[
    list[str] | None, typer.Option("--from", metavar="CLOUD", help="aws, gcp, do, ali or a,b; repeatable.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    group = typer.Typer(no_args_is_help=True, help="The prices that compare uses.")
    group.callback()(lambda: None)
    group.command("refresh")(refresh_prices)
    app.add_typer(group, name="prices")


def refresh_prices(sources: From = None, output: options.Form = options.Output.table) -> None:
    """Read the vendors' own price lists into this user's cache.

    AWS and Alibaba Cloud publish theirs; DigitalOcean's needs DIGITALOCEAN_ACCESS_TOKEN, Google's
    CLOUDDEPLOY_GCP_API_KEY. A price that a list does not have stays as it was.
    """
    words = [word.strip() for one in sources or () for word in one.split(",") if word.strip()]
    clouds = list(dict.fromkeys(map(cloud_named, words))) or list(SOURCES)
    done: list[Refreshed] = []
    for cloud in clouds:
        view.note(f"{cloud}: reading its price list" + (", hundreds of MB" if cloud == "aws" else ""))
        done += refresh([cloud], datetime.now().astimezone().date())
    if output is options.Output.table:
        view.table(("", "CLOUD", "PRICES", ""), [_row(one) for one in done])
    else:
        view.data([_plain(one) for one in done], output.value)
    _finish(done)


def _row(one: Refreshed) -> tuple[str | Text, ...]:
    detail = f"{one.error.message}; {one.error.fix}" if one.error else str(one.path)
    return view.tick(one.error is None), one.cloud, str(one.read), detail


def _plain(one: Refreshed) -> dict[str, object]:
    return {
        "cloud": one.cloud,
        "prices": one.read,
        "file": str(one.path) if one.path else None,
        "error": one.error.message if one.error else None,
    }


def _finish(done: list[Refreshed]) -> None:
    failed = [one for one in done if one.error]
    if not failed:
        view.next_step("clouddeploy compare", why="uses them")
        return
    if len(failed) == len(done) and failed[0].error:
        raise failed[0].error
    names = ",".join(one.cloud for one in failed)
    raise PartialError(
        f"{len(failed)} of {len(done)} clouds failed; their prices of before stay",
        fix=f"clouddeploy prices refresh --from {names}",
    )
