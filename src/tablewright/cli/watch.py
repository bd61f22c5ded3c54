"""``tablewright watch``: tables as they run, on one screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, common_options, duration, pairs
from tablewright.cli.terminal import Output, output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.cli.faces.marks import Line
    from tablewright.model.board import Board


@click.command(name="watch", short_help="Show tables as they run: units, throttles, latency, errors, alarms.")
@click.argument("tables", nargs=-1)
@click.option("--stack", metavar="NAME", help="All tables of this stack (default: tablewright.toml's).")
@click.option(
    "--since", metavar="SPAN", default="1h", show_default=True, callback=duration, help="How far back to look."
)
@click.option("--every", metavar="SPAN", default="60s", show_default=True, callback=duration, help="How often to look.")
@click.option("--once", is_flag=True, help="Look once, and print all of it.")
@click.option("--reader", "readers", multiple=True, metavar="TABLE=FUNCTION", help="A function that reads the stream.")
@click.option("--csv", "csv", type=click.Path(dir_okay=False, path_type=Path), help="Write the series here, and end.")
@click.option(
    "--parquet", "parquet", type=click.Path(dir_okay=False, path_type=Path), help="Write the series here, and end."
)
@common_options
def command(
    common: Common,
    tables: tuple[str, ...],
    stack: str | None,
    since: float,
    every: float,
    once: bool,
    readers: tuple[str, ...],
    csv: Path | None,
    parquet: Path | None,
) -> int:
    """Show TABLES as they run: units against what is provisioned, throttles by their cause, latency and requests by
    operation, errors, TTL, streams, replication and alarms.

    TABLES are names of tables; without them, all tables of the stack are shown, with its alarms. On a terminal the screen
    is renewed until Ctrl-C; otherwise, and with --once, it is printed once. The series themselves go to a notebook as CSV
    or Parquet. Only reads; CloudWatch bills each metric, and the last line says what it comes to.

    \b
    Examples:
      tablewright watch
      tablewright watch orders --since 6h --once
      tablewright watch --output json --once
      tablewright watch --since 1d --csv series.csv
    """
    from tablewright.cli.looking_at import looked_at
    from tablewright.watch.run import look, watch

    subject = looked_at(common, tables, stack)
    span = timedelta(seconds=since)
    reading = {table: (function,) for table, function in pairs("--reader", readers).items()}
    out = output(sys.stdout, color=common.color)
    if csv is not None or parquet is not None:
        board = look(subject.tables, subject.account, span=span, until=subject.now(), readers=reading)
        _written(board, csv, parquet)
        return exits.DONE.code
    live = not once and common.output is None and out.is_terminal
    if not live:
        board = look(
            subject.tables, subject.account, span=span, until=subject.now(), readers=reading, alarms=subject.alarms()
        )
        _print(board, common, out)
        return exits.DONE.code
    boards = watch(
        subject.tables,
        subject.account,
        span=span,
        every=timedelta(seconds=every),
        now=subject.now,
        readers=reading,
        alarms=subject.alarms(),
    )
    _live(boards, out)
    return exits.DONE.code


def _live(boards: Iterator[Board], out: Output) -> None:
    """Draw until Ctrl-C, which is how a person ends it; the terminal keeps the last frame."""
    from tablewright.cli.faces.screen import Screen
    from tablewright.cli.faces.watch_screen import board_lines

    board = next(boards)

    def draw(columns: int, rows: int) -> list[Line]:
        return board_lines(board, columns, out.marks, rows)

    screen = Screen(out, draw)
    screen.start()
    try:
        for newer in boards:
            board = newer
    except KeyboardInterrupt:
        pass
    finally:
        screen.stop()


def _print(board: Board, common: Common, out: Output) -> None:
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        body = as_plain(replace(board, series=()))
        assert isinstance(body, dict)
        del body["series"]
        out.text(encode(body, out))
        return
    from tablewright.cli.faces.watch_screen import board_lines

    out.lines(board_lines(board, out.width, out.marks))


def _written(board: Board, csv: Path | None, parquet: Path | None) -> None:
    from tablewright.cli.faces import series_files

    for path, write in ((csv, series_files.write_csv), (parquet, series_files.write_parquet)):
        if path is not None:
            try:
                written = write(board.series, path)
            except OSError as failed:
                raise UsageError("unwritable", "The file cannot be written", f"{path}: {failed.strerror}.") from None
            click.echo(f"{path}: {written:,} data points of {len(board.series):,} series")
