"""Advice tried on the template in memory: its commands as edits, and what the stack costs afterwards.

A command is only shown when its edit is made on this very template, and its saving is the difference of two estimates: before,
and of the edited text.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tablewright.author.costing import priced_stack
from tablewright.author.editing import Text
from tablewright.author.features import set_billing, set_class, set_insights, set_throughput
from tablewright.author.judged import judge
from tablewright.author.removal import remove_index
from tablewright.author.scaling import Scaling, add_scaling
from tablewright.author.unscaling import remove_scaling
from tablewright.cost.advice import LEAST_USD, Advice, ranked
from tablewright.cost.estimate import estimate_stack
from tablewright.cost.prices import PriceList
from tablewright.errors import TablewrightError
from tablewright.model.workload import TableLoad

__all__ = ["prove"]


def prove(
    advice: Sequence[Advice], body: str, path: str, parameters: Mapping[str, str], loads: Mapping[str, TableLoad],
    prices: PriceList, region: str,
) -> tuple[Advice, ...]:  # fmt: skip
    """The advice whose edits save money on this template, with what they save; one whose edit is refused says why, and how then.

    What is bought beside the template keeps the saving that it was computed with.
    """
    before = estimate_stack(priced_stack(body, path, parameters), loads, prices, region).usd
    found: list[Advice] = []
    for each in advice:
        try:
            text = edited(Text(body, path), each.commands)
            after = estimate_stack(priced_stack(text.text, path, parameters), loads, prices, region).usd
        except TablewrightError as refusal:
            why = f"the template cannot be edited so: {refusal.detail or refusal.summary} Write it by hand."
            found.append(replace(each, commands=(), by_hand=why))
            continue
        if each.by_hand or not each.commands:
            found.append(each)
        elif before - after >= LEAST_USD:
            found.append(replace(each, usd=before - after))
    return ranked(found)


def edited(text: Text, commands: Sequence[str]) -> Text:
    """The text after the commands, in their order. Raises as each of them would, an edit that leaves an error among them."""
    for command in commands:
        _, verb, what, table, *rest = shlex.split(command)
        words, options = _parsed(rest)
        after = _EDITS[verb, what](text, table, words, options)
        judge(text, after)
        text = after
    return text


def _parsed(rest: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    options: dict[str, str] = {}
    left = iter(rest)
    for word in left:
        if word.startswith("--"):
            options[word] = next(left)
        else:
            words.append(word)
    return words, options


_Edit = Callable[[Text, str, list[str], dict[str, str]], Text]


def _billing(text: Text, table: str, words: list[str], options: dict[str, str]) -> Text:
    return set_billing(text, table, words[0], int(options.get("--read", 0)), int(options.get("--write", 0)))


def _throughput(text: Text, table: str, _: list[str], options: dict[str, str]) -> Text:
    return set_throughput(text, table, int(options["--read"]), int(options["--write"]), options.get("--index", ""))


def _scaled(text: Text, table: str, _: list[str], options: dict[str, str]) -> Text:
    wish = Scaling(table, int(options["--min"]), int(options["--max"]), index=options.get("--index", ""))
    return add_scaling(text, wish)


_EDITS: Mapping[tuple[str, str], _Edit] = {
    ("set", "billing"): _billing,
    ("set", "throughput"): _throughput,
    ("set", "class"): lambda text, table, words, _: set_class(text, table, words[0]),
    ("set", "insights"): lambda text, table, words, _: set_insights(text, table, words[0] == "on"),
    ("add", "autoscaling"): _scaled,
    ("remove", "autoscaling"): lambda text, table, _, options: remove_scaling(text, table, options.get("--index", "")),
    ("remove", "index"): lambda text, table, words, _: remove_index(text, table, words[0]),
}
"""What the commands of advice do to a template; the same functions that the commands call."""
