"""Loading a transform by its name: a TOML or YAML file of operations, or ``module.py:function``."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import msgspec

from tablewright.errors import UsageError
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.functions import DynamoDBJson, FunctionTransform
from tablewright.migrate.transform.operations import Operation
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.transform.reading import read_operations
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.model.table import Key

__all__ = ["load_transform"]

_FORMS = {".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}


def load_transform(
    name: str | None,
    source: Sequence[Key],
    target: Sequence[Key],
    *,
    operations: Sequence[Operation] = (),
    in_place: bool = False,
) -> Transform:
    """The transform that is meant.

    ``name``: a file of operations, or ``path/module.py:function``. ``operations``: those of the command line, done after the
    file's; a function goes without. Neither: items pass unchanged. Raises UsageError.
    """
    if name is None:
        return Declared(operations, source, target, in_place=in_place) if operations else Unchanged(source, target)
    path, colon, function = name.rpartition(":")
    if colon and path.endswith(".py"):
        if operations:
            raise UsageError(
                "transform-twice",
                "Two transforms were given",
                f"{name} is a function, and operations on the command line would come beside it: do them in the function.",
            )
        return _function(Path(path), function, source, target)
    file = Path(name)
    if file.suffix not in _FORMS:
        raise UsageError(
            "transform-unknown",
            "That is not a transform",
            f"{name!r} is neither a file of operations (.toml, .yaml) nor a function, which is written path/module.py:function.",
        )
    read = read_operations(_text(file), form=_FORMS[file.suffix], name=file.name)
    return Declared((*read, *operations), source, target, in_place=in_place)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("transform-unreadable", "The transform cannot be read", f"{file}: {error}") from None


def _function(file: Path, name: str, source: Sequence[Key], target: Sequence[Key]) -> FunctionTransform:
    module, text = _module(file)
    function = _named(module, name, file)
    inverse = _named(module, f"{name}_inverse", file) if hasattr(module, f"{name}_inverse") else None
    level, schema = _takes(function)
    _, inverse_schema = _takes(inverse) if inverse else (level, None)
    return FunctionTransform(
        function,
        source,
        target,
        name=f"{file.name}:{name}",
        source=text,
        level=level,
        schema=schema,
        inverse=inverse,
        inverse_schema=inverse_schema,
    )


def _module(file: Path) -> tuple[ModuleType, str]:
    """The module, run once, and the text of all that was loaded with it from its own folder."""
    texts = [_text(file)]
    folder = file.resolve().parent
    known = set(sys.modules)
    spec = importlib.util.spec_from_file_location(f"tablewright_transform_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # type hints of its classes are looked up here
    sys.path.insert(0, str(folder))
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = getattr(error, "lineno", None) or (frames[-1].lineno if frames else None)
        raise UsageError(
            "transform-module",
            "The transform's module cannot be loaded",
            f"{file}{f', line {line}' if line else ''}: {type(error).__name__}: {error}",
        ) from None
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = written
    for other in sorted(set(sys.modules) - known - {spec.name}):
        place = getattr(sys.modules[other], "__file__", None)
        if place and Path(place).resolve().is_relative_to(folder):
            texts.append(f"{other}\n{_text(Path(place))}")
            del sys.modules[other]  # or another transform's module of that name would be taken for it
    return module, "\n".join(texts)


def _named(module: ModuleType, name: str, file: Path) -> Callable[[Any], Any]:
    function = getattr(module, name, None)
    if not inspect.isfunction(function):
        own = [
            each
            for each, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        raise UsageError(
            "transform-unknown",
            "The transform's function is not there",
            f"{file} has no function {name!r}; it has {', '.join(own) or 'none'}.",
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError(
            "transform-unknown", "The transform's function cannot be async", f"{name} in {file}: write it with def."
        )
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise UsageError(
            "transform-unknown",
            "The transform's function takes one item",
            f"{name} in {file} takes {inspect.signature(function)}: it is called with one item and nothing else.",
        ) from None
    return function


def _takes(function: Callable[[Any], Any]) -> tuple[int, type[msgspec.Struct] | None]:
    """The level and, where the function asks for one, the schema: by the annotation of its first parameter."""
    try:
        hints = get_type_hints(function)
    except Exception as error:
        raise UsageError(
            "transform-schema",
            "The transform's annotations cannot be read",
            f"{function.__name__}: {type(error).__name__}: {error}",
        ) from None
    told = hints.get(next(iter(inspect.signature(function).parameters)))
    if told == DynamoDBJson:
        return 2, None
    if isinstance(told, type) and issubclass(told, msgspec.Struct):
        return 3, told
    return 3, None
