"""``tablewright items``: looking at the items of a table within a budget of read units."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tablewright.cli import exits, items_write
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output
from tablewright.errors import Failed

if TYPE_CHECKING:
    from tablewright.items.condition import Condition, Path
    from tablewright.items.run import End, Found
    from tablewright.model.items import Item

Command = TypeVar("Command", bound=Callable[..., Any])

BUDGET = 100
"""Read units that a command may take unless told otherwise: 800 KB of items, or 400 KB read consistently."""


@click.group(name="items", short_help="Look at items within a budget; write single ones.")
def command() -> None:
    """Look at the items of a table within a budget of read units, and write single ones on purpose.

    Conditions are typed in a short form: status = "DONE" and attempts > 3. What [redact] of tablewright.toml names is never
    shown.

    \b
    Examples:
      tablewright items get ai-chef-sessions sessionId=abc
      tablewright items query ai-chef-results --index sessionId-index sessionId=abc
      tablewright items scan ai-chef-results --where 'status = "DONE" and attempts > 3' --output json
      tablewright items count ai-chef-results --where 'error exists'
    """


for _each in (items_write.put, items_write.delete, items_write.dump, items_write.load):
    command.add_command(_each)


def _reading(*, limit: bool = True) -> Callable[[Command], Command]:
    """The options of commands that read more than one item."""
    options = [
        click.option("--where", metavar="CONDITION", help='Only items that meet it: status = "DONE" and attempts > 3.'),
        click.option(
            "--budget",
            type=click.FloatRange(1),
            default=BUDGET,
            show_default=True,
            help="Read units to take at most.",
        ),
        click.option("--continue", "begin", metavar="WORD", help="Go on where the same command stopped."),
        click.option("--consistent", is_flag=True, help="Read consistently, at twice the units."),
    ]
    if limit:
        options += [
            click.option("--limit", type=click.IntRange(1), help="Stop after so many items."),
            click.option("--attributes", metavar="LIST", help="Only these: status,result.title,tags[0]."),
            click.option("--typed", is_flag=True, help="With --output json: DynamoDB's own JSON, with types."),
        ]

    def add(command: Command) -> Command:
        decorated: Any = command
        for option in reversed(options):
            decorated = option(decorated)
        found: Command = decorated
        return found

    return add


@command.command(short_help="Show one item by its key.")
@click.argument("table")
@click.argument("key", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--attributes", metavar="LIST", help="Only these: status,result.title,tags[0].")
@click.option("--consistent", is_flag=True, help="Read consistently, at twice the units.")
@click.option("--typed", is_flag=True, help="With --output json: DynamoDB's own JSON, with types.")
@common_options
def get(common: Common, table: str, key: tuple[str, ...], attributes: str | None, consistent: bool, typed: bool) -> int:
    """Show the item of TABLE with this key. The key schema says the types, so numbers and text are typed alike.

    Exits with 1 when there is no such item.

    \b
    Examples:
      tablewright items get ai-chef-sessions sessionId=abc
      tablewright items get orders customer=kim number=5 --output json --typed
    """
    from tablewright.cli.items_target import opened
    from tablewright.items.request import lookup
    from tablewright.items.run import single

    place = opened(common)
    found = place.table(table)
    request = lookup(found, key, _paths(attributes), consistent=consistent)
    ended = _show(
        single(request, place.account, place.redaction(table)),
        common,
        typed=typed,
        first=[each.name for each in found.keys],
        single=True,
    )
    if not ended.items:
        raise Failed(
            "no-item", "There is no such item", f"Table {table} has no item with this key. Nothing else was looked at."
        )
    return exits.DONE.code


@command.command(short_help="Show the items of one partition.")
@click.argument("table")
@click.argument("key", nargs=-1, required=True, metavar="CONDITION...")
@click.option("--index", metavar="NAME", help="Query this index instead of the table.")
@click.option("--reverse", is_flag=True, help="Last sort key first.")
@_reading()
@common_options
def query(
    common: Common,
    table: str,
    key: tuple[str, ...],
    index: str | None,
    reverse: bool,
    where: str | None,
    attributes: str | None,
    consistent: bool,
    typed: bool,
    **how: Any,
) -> int:
    """Show the items of TABLE, or of an index, with one partition key.

    CONDITION is NAME=VALUE for the partition key, and if wanted one on the sort key: NAME=VALUE, NAME<VALUE (also <= > >=),
    'NAME begins_with VALUE' or 'NAME between VALUE and VALUE'. The key schema says the types.

    \b
    Examples:
      tablewright items query ai-chef-results --index sessionId-index sessionId=abc
      tablewright items query orders customer=kim 'createdAt begins_with 2026-11' --reverse --limit 5
    """
    from tablewright.items.request import look

    def make(found: Any) -> Any:
        return look(
            found,
            key,
            index=index,
            where=_condition(where),
            attributes=_paths(attributes),
            consistent=consistent,
            reverse=reverse,
        )

    return _read(common, table, make, typed=typed, **how)


@command.command(short_help="Show items of a whole table.")
@click.argument("table")
@click.option("--index", metavar="NAME", help="Scan this index instead of the table.")
@_reading()
@common_options
def scan(
    common: Common,
    table: str,
    index: str | None,
    where: str | None,
    attributes: str | None,
    consistent: bool,
    typed: bool,
    **how: Any,
) -> int:
    """Show items of TABLE, or of an index, in no order. What --where leaves out was read, and costs all the same.

    \b
    Examples:
      tablewright items scan ai-chef-results --limit 5
      tablewright items scan ai-chef-results --where 'status = "FAILED"' --attributes status,error --budget 500
    """
    from tablewright.items.request import look

    def make(found: Any) -> Any:
        return look(
            found,
            None,
            index=index,
            where=_condition(where),
            attributes=_paths(attributes),
            consistent=consistent,
        )

    return _read(common, table, make, typed=typed, **how)


@command.command(short_help="Count items, as far as the budget goes.")
@click.argument("table")
@click.argument("key", nargs=-1, metavar="[CONDITION]...")
@click.option("--index", metavar="NAME", help="Count in this index instead of the table.")
@_reading(limit=False)
@common_options
def count(
    common: Common,
    table: str,
    key: tuple[str, ...],
    index: str | None,
    where: str | None,
    budget: float,
    begin: str | None,
    consistent: bool,
) -> int:
    """Count the items of TABLE, of an index, or of one partition, and say when the count is not complete.

    Every item is read for it and costs as if it was shown. DynamoDB's own count is free and up to six hours old: tablewright
    status shows it.

    \b
    Examples:
      tablewright items count ai-chef-results --budget 1000
      tablewright items count ai-chef-results sessionId=abc --index sessionId-index
    """
    from tablewright.cli.items_target import opened
    from tablewright.items.request import look
    from tablewright.items.run import count as run

    place = opened(common)
    wanted = look(
        place.table(table),
        key or None,
        index=index,
        where=_condition(where),
        consistent=consistent,
        counting=True,
    )
    ended = run(wanted, place.account, budget=budget, begin=begin, redaction=place.redaction(table))
    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode({"table": table, **_summary(ended)}, out))
        return exits.DONE.code
    from tablewright.cli.faces.items_table import end_lines

    partial = ended.stopped != "end"
    since = " from there on" if begin else ""
    out.text(f"{'at least ' if partial else ''}{ended.items:,}{since}" + (" (partial)" if partial else ""))
    err.lines(end_lines(ended, err.width, err.marks))
    return exits.DONE.code


@command.command(short_help="Run a PartiQL statement.")
@click.argument("statement")
@click.option("-p", "--parameter", "parameters", metavar="JSON", multiple=True, help="Value of the next ?, in JSON.")
@click.option("--write", is_flag=True, help="Allow INSERT, UPDATE and DELETE.")
@click.option(
    "--budget", type=click.FloatRange(1), default=BUDGET, show_default=True, help="Read units to take at most."
)
@click.option("--continue", "begin", metavar="WORD", help="Go on where the same command stopped.")
@click.option("--consistent", is_flag=True, help="Read consistently, at twice the units.")
@click.option("--typed", is_flag=True, help="With --output json: DynamoDB's own JSON, with types.")
@common_options
def sql(
    common: Common,
    statement: str,
    parameters: tuple[str, ...],
    write: bool,
    budget: float,
    begin: str | None,
    consistent: bool,
    typed: bool,
) -> int:
    """Run a PartiQL STATEMENT. INSERT, UPDATE and DELETE need --write, and name one item by its whole key.

    A SELECT without the partition key in its WHERE reads the whole table, as far as the budget goes. Every entry of [redact]
    holds here, whichever table it is for.

    \b
    Examples:
      tablewright items sql 'SELECT * FROM "ai-chef-results"."sessionId-index" WHERE sessionId = ?' -p '"abc"'
      tablewright items sql 'UPDATE "ai-chef-sessions" SET status = ? WHERE sessionId = ?' -p '"DONE"' -p '"abc"' --write
    """
    from tablewright.cli.items_target import opened
    from tablewright.items.run import execute
    from tablewright.items.statement import statement as request_of
    from tablewright.items.statement import verb

    place = opened(common)
    redaction = place.redaction(None)
    request = request_of(statement, parameters, redaction, write=write, consistent=consistent)
    writes = verb(statement) != "SELECT"
    if writes:
        place.may_write(losing=verb(statement) != "INSERT")
    found = execute(request, place.account, redaction, budget=budget, begin=begin, writes=writes)
    _show(found, common, typed=typed, kind="write" if writes else "read")
    return exits.DONE.code


def _condition(text: str | None) -> Condition | None:
    from tablewright.items.parse import parse_condition

    return None if text is None else parse_condition(text)


def _paths(text: str | None) -> tuple[Path, ...]:
    from tablewright.items.parse import parse_paths

    return () if text is None else parse_paths(text)


def _read(
    common: Common,
    table: str,
    make: Callable[[Any], Any],
    *,
    typed: bool,
    budget: float,
    begin: str | None,
    limit: int | None,
) -> int:
    from tablewright.cli.items_target import opened
    from tablewright.items.run import read

    place = opened(common)
    wanted = make(place.table(table))
    found = read(wanted, place.account, place.redaction(table), budget=budget, limit=limit, begin=begin)
    _show(found, common, typed=typed, first=wanted.key_names)
    return exits.DONE.code


def _show(
    found: Iterator[Found | End],
    common: Common,
    *,
    typed: bool,
    first: Sequence[str] = (),
    single: bool = False,
    kind: str = "read",
) -> End:
    """The items on standard output, how it ended on standard error; as JSON both, a line each."""
    from tablewright.cli.faces.items_table import end_lines, item_lines
    from tablewright.cli.faces.json_lines import encode
    from tablewright.items.literal import plain_json
    from tablewright.items.run import End

    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    ascii_only = encode("é", out) != '"é"'
    items: list[Item] = []
    for each in found:
        if isinstance(each, End):
            break
        if common.output != "json":
            items += each.items
            continue
        for item in each.items:
            told = encode(item, out) if typed else plain_json({"M": item}, ascii_only=ascii_only)
            out.text(f'{{"{"Item" if typed else "item"}":{told}}}')
    else:
        raise AssertionError("a read says how it ended")
    if common.output == "json":
        out.text(encode({"end": _summary(each)}, out))
        return each
    if items:
        out.lines(item_lines(items, first, out.width, out.marks, single=single))
    if items or not single:
        err.lines(end_lines(each, err.width, err.marks, kind=kind))
    return each


def _summary(ended: End) -> dict[str, object]:
    return {
        "items": ended.items,
        "read": ended.read,
        "units": ended.units,
        "complete": ended.stopped == "end",
        "stopped": ended.stopped,
        "continue": ended.continuation,
    }
