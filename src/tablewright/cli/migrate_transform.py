"""The transform of a migration as a command line says it: operations in short form, or a file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli.options import Command

if TYPE_CHECKING:
    from tablewright.migrate.request import MakeTransform
    from tablewright.migrate.transform.protocol import Transform
    from tablewright.model.table import Key

FORMS: Mapping[str, tuple[str, str]] = {
    "key": ("NAME=TEXT", "Compose a key or another attribute: 'PK=SESSION#{sessionId}'."),
    "extract": ("NAME=TEXT", "Take attributes out of a composed one, the other way round: 'PK=SESSION#{sessionId}'."),
    "split": ("NAME=A,B@SEP", "Split an attribute into several at a separator."),
    "merge": ("NAME=A,B@SEP", "Merge attributes into one with a separator."),
    "retype": ("NAME:TYPE", "Change an attribute's type: 'n:N'."),
    "rename": ("OLD=NEW", "Rename an attribute."),
    "set": ("NAME=VALUE", "Set an attribute, whatever it was: 'v=1', 'state:S=1'."),
    "default": ("NAME=VALUE", "Set an attribute where it is missing."),
    "add": ("NAME=VALUE", "Add an attribute; one that is there already is an error of the item."),
    "drop": ("NAME", "Drop an attribute."),
}
"""Flag -> how its value is written, and what it does; each may be given several times, and they are done in this order."""

_OPTIONS = (
    click.option(
        "--transform",
        "transform_file",
        metavar="FILE",
        help="Transform of a file: operations (.toml, .yaml), or a Python function (FILE.py:FUNCTION).",
    ),
    *(
        click.option(f"--{name}", f"op_{name}", metavar=form, multiple=True, help=about)
        for name, (form, about) in FORMS.items()
    ),
)


def transform_options(command: Command) -> Command:
    """Give a command the options of a transform."""
    decorated: Any = command
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def spec(given: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, as plain JSON values that a later run can ask again; taken out of a command's options."""
    file = given.pop("transform_file")
    flags = {name: list(values) for name in FORMS if (values := given.pop(f"op_{name}"))}
    asked: dict[str, Any] = {"flags": flags} if flags else {}
    if file is not None:
        path, colon, function = file.rpartition(":")
        if not (colon and path.endswith(".py")):
            path, colon, function = file, "", ""
        asked["file"] = str(Path(path).absolute()) + colon + function
    return asked


def title(asked: Mapping[str, Any]) -> str:
    """The transform in a line, for people."""
    words = [asked["file"]] if "file" in asked else []
    words += [
        word for name, values in asked.get("flags", {}).items() for value in values for word in (f"--{name}", value)
    ]
    return shlex.join(words) if words else "none: items are copied as they are"


def maker(asked: Mapping[str, Any], *, in_place: bool = False) -> MakeTransform:
    """What makes the transform, once the keys are known. Raises UsageError when it does."""

    def make(source: Sequence[Key], target: Sequence[Key]) -> Transform:
        from tablewright.migrate.transform.flags import from_flags
        from tablewright.migrate.transform.load import load_transform

        operations = from_flags(asked.get("flags", {}))
        return load_transform(asked.get("file"), source, target, operations=operations, in_place=in_place)

    return make
