"""``tablewright items put|delete|dump|load``: writes of single items, each with a condition, and samples for tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output
from tablewright.errors import Refused, TablewrightError, UsageError

if TYPE_CHECKING:
    from tablewright.items.condition import Condition


@click.command(short_help="Put one item.")
@click.argument("table")
@click.argument("item")
@click.option("--write", is_flag=True, help="Really write.")
@click.option("--overwrite", is_flag=True, help="Replace the item that has this key.")
@click.option("--if", "condition", metavar="CONDITION", help="Only if the item that is there meets it.")
@click.option("--typed", is_flag=True, help="ITEM is in DynamoDB's own JSON, with types.")
@common_options
def put(common: Common, table: str, item: str, write: bool, overwrite: bool, condition: str | None, typed: bool) -> int:
    """Put ITEM into TABLE: a JSON object, @FILE with one, or - for standard input. An item that has the key stays as it is,
    and the command fails, unless --overwrite is given.

    \b
    Examples:
      tablewright items put ai-chef-sessions '{"sessionId": "abc", "status": "ACTIVE"}' --write
      tablewright items put ai-chef-sessions @session.json --write --overwrite --if 'status = "ACTIVE"'
    """
    from tablewright.cli.items_target import need_write, opened
    from tablewright.items.literal import item_of_json
    from tablewright.items.request import putting
    from tablewright.items.run import write as run

    need_write(write, f"This puts an item into {table}")
    if condition is not None and not overwrite:
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            "--if is about the item that is there, and without --overwrite there may be none: give both.",
        )
    told = item_of_json(_text(item[1:] if item.startswith("@") else "-") if item[:1] in "@-" else item, typed=typed)
    place = opened(common)
    place.may_write(losing=overwrite)
    request = putting(place.table(table), told, overwrite=overwrite, condition=_condition(condition))
    unmet = (
        f"The item of table {table} that has this key does not meet --if, or there is none. Nothing was changed."
        if condition
        else f"Table {table} has an item with this key; --overwrite would replace it. Nothing was changed."
    )
    units = run("put", request, place.account, place.redaction(table), unmet=unmet)
    return _said(common, "put", table, units)


@click.command(short_help="Delete one item by its key.")
@click.argument("table")
@click.argument("key", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--write", is_flag=True, help="Really delete.")
@click.option("--if", "condition", metavar="CONDITION", help="Only if the item meets it.")
@common_options
def delete(common: Common, table: str, key: tuple[str, ...], write: bool, condition: str | None) -> int:
    """Delete the item of TABLE with this key, which must be named whole. Fails when there is no such item.

    \b
    Examples:
      tablewright items delete ai-chef-sessions sessionId=abc --write
      tablewright items delete ai-chef-sessions sessionId=abc --if 'status = "EXPIRED"' --write
    """
    from tablewright.cli.items_target import need_write, opened
    from tablewright.items.request import deletion
    from tablewright.items.run import write as run

    need_write(write, f"This deletes an item of {table}")
    place = opened(common)
    place.may_write(losing=True)
    request = deletion(place.table(table), key, condition=_condition(condition))
    why = " or it does not meet --if" if condition else ""
    unmet = f"Table {table} has no item with this key{why}. Nothing was changed."
    units = run("delete", request, place.account, place.redaction(table), unmet=unmet)
    return _said(common, "deleted", table, units)


@click.command(short_help="Write a sample of a table to a file.")
@click.argument("table")
@click.option("--to", "file", metavar="FILE", type=click.Path(path_type=Path), help="The file (default: the output).")
@click.option("--where", metavar="CONDITION", help="Only items that meet it.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Items to write at most.")
@click.option("--budget", type=click.FloatRange(1), default=100, show_default=True, help="Read units to take at most.")
@common_options
def dump(common: Common, table: str, file: Path | None, where: str | None, limit: int, budget: float) -> int:
    """Write a sample of TABLE, an item a line in DynamoDB's own JSON, as load takes it. What [redact] names is left out; a
    table whose key it names cannot be dumped. An existing file is never overwritten.

    \b
    Examples:
      tablewright items dump ai-chef-results --to sample.jsonl --where 'status = "FAILED"'
      tablewright items load ai-chef-results-test sample.jsonl --write
    """
    from tablewright.cli.faces.json_lines import encode
    from tablewright.cli.faces.quantities import count
    from tablewright.cli.items_target import opened
    from tablewright.items.request import look
    from tablewright.items.run import End, read

    place = opened(common)
    redaction = place.redaction(table)
    wanted = look(place.table(table), None, where=_condition(where))
    hidden = [name for name in wanted.key_names if redaction.hides([name])]
    if hidden:
        raise Refused(
            "key-redacted",
            "The key is redacted",
            f"[redact] of tablewright.toml names {', '.join(hidden)}, the key of {table}: items without their key are no sample.",
        )
    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    lines: list[str] = []
    for each in read(wanted, place.account, redaction, budget=budget, limit=limit, leave_out=True):
        if isinstance(each, End):
            ended = each
        else:
            lines += [encode({"Item": item}, out) for item in each.items]
    if file is None:
        for line in lines:
            out.text(line)
    else:
        _create(file, lines)
    more = "" if ended.stopped == "end" else f"; stopped by the {ended.stopped}, there may be more"
    err.line(((f"{count(ended.items, 'item')}, {_units(ended.units, 'read')}{more}", "dim"),))
    return exits.DONE.code


@click.command(short_help="Put the items of a sample.")
@click.argument("table")
@click.argument("file")
@click.option("--write", is_flag=True, help="Really write.")
@click.option("--overwrite", is_flag=True, help="Replace items that have the same key.")
@click.option("--from-line", type=click.IntRange(1), default=1, show_default=True, help="Begin at this line.")
@click.option("--budget", type=click.FloatRange(1), default=100, show_default=True, help="Write units to take at most.")
@common_options
def load(common: Common, table: str, file: str, write: bool, overwrite: bool, from_line: int, budget: float) -> int:
    """Put the items of FILE (- for standard input), one a line in DynamoDB's own JSON, into TABLE. Items whose key is there
    already are kept and counted, unless --overwrite is given. The whole file is read and checked before anything is written.
    Where the budget ends before the file does, it says how to go on, and exits with 1.

    For a whole table there is tablewright migrate.

    \b
    Examples:
      tablewright items load ai-chef-results-test sample.jsonl --write
    """
    from tablewright.cli.items_target import need_write, opened
    from tablewright.items.literal import item_of_json
    from tablewright.items.request import putting
    from tablewright.items.run import load as run

    need_write(write, f"This puts items into {table}")
    place = opened(common)
    place.may_write(losing=overwrite)
    described = place.table(table)
    requests, numbers = [], []
    for number, line in enumerate(_text(file).split("\n"), start=1):  # JSON may hold what else Python ends lines at
        if number < from_line or not line.strip():
            continue
        try:
            requests.append(putting(described, item_of_json(line, typed=True), overwrite=overwrite))
        except UsageError as error:
            raise UsageError(
                "malformed-item", "The item is malformed", f"{file}, line {number}: {error.detail}"
            ) from None
        numbers.append(number)
    try:
        done = run(requests, place.account, place.redaction(table), budget=budget)
    except TablewrightError as error:
        error.detail += " Some items may be written: the same command puts the rest, and keeps those."
        raise
    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    behind = None if done.next is None else numbers[done.next]
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        body = {"table": table, "written": done.written, "kept": done.there, "units": done.units, "from_line": behind}
        out.text(encode(body, out))
        return exits.DONE.code if behind is None else exits.FAILED.code
    kept = f", {done.there:,} there already and kept" if done.there else ""
    sign: tuple[str, str] = (f"{out.marks.good} ", "good") if behind is None else (f"{out.marks.unknown} ", "warn")
    out.line((sign, (f"{done.written:,} written{kept}; {_units(done.units, 'write')}", "")))
    if behind is None:
        return exits.DONE.code
    left = len(requests) - (done.next or 0)
    rest = "1 item is" if left == 1 else f"{left:,} items are"
    err.line(((f"The budget is used up, and {rest} not written. To go on, add to the same command:", ""),))
    err.lines([(), ((f"      --from-line={behind}", "strong"),)])
    return exits.FAILED.code


def _condition(text: str | None) -> Condition | None:
    from tablewright.items.parse import parse_condition

    return None if text is None else parse_condition(text)


def _said(common: Common, what: str, table: str, units: float) -> int:
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode({"table": table, "done": what, "units": units}, out))
    else:
        unit = "unit" if units == 1 else "units"
        out.line(((f"{out.marks.good} ", "good"), (f"{what}: 1 item of {table}, {units:g} write {unit}", "")))
    return exits.DONE.code


def _text(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError("unreadable-file", "The file cannot be read", f"{name}: {why}.") from None


def _create(file: Path, lines: list[str]) -> None:
    """A new file that its owner alone may read: it holds a table's data."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.writelines(line + "\n" for line in lines)
    except FileExistsError:
        raise UsageError(
            "file-exists", "The file exists already", f"{file} is never overwritten: name another, or remove it."
        ) from None
    except OSError as error:
        raise UsageError("unwritable-file", "The file cannot be written", f"{file}: {error.strerror}.") from None


def _units(number: float, kind: str) -> str:
    return f"{number:g} {kind} unit{'' if number == 1 else 's'}"
