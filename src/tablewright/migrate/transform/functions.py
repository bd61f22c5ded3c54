"""Levels 2 and 3: a Python function, on DynamoDB's JSON or on plain values."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tablewright.migrate.items.key import KeyReader, KeyRefused, join_key
from tablewright.migrate.items.parsed import ParsedItems
from tablewright.migrate.items.size import MOST_BYTES, size
from tablewright.migrate.items.values import ValueRefused
from tablewright.migrate.transform.lazy import Item, JsonItem, encode_item, encode_json_item
from tablewright.migrate.transform.protocol import CODEC_VERSION, Page, Rejected, TransformError
from tablewright.migrate.transform.typed import TypedCodec
from tablewright.migrate.transform.unchanged import schema_text
from tablewright.model.table import Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["DynamoDBJson", "FunctionTransform"]

DynamoDBJson: TypeAlias = dict[str, dict[str, Any]]
"""The annotation by which a function asks for DynamoDB's JSON, as in ``def f(item: DynamoDBJson) -> DynamoDBJson``."""


class FunctionTransform:
    """A function of one item that returns an item, several (any iterable of them), or None for none.

    ``level`` 3: plain values; the item is a ``dict`` of the function's own, to change or to read. ``level`` 2: DynamoDB's JSON as
    dicts. ``schema``: a ``msgspec.Struct`` that the function takes instead (level 3). ``source``: what the fingerprint is of:
    the text of the module and whatever of the user's it imports. ``inverse``: the function that leads back.
    """

    keeps_keys = False
    injective = False
    reads: frozenset[str] | None = None

    def __init__(
        self,
        function: Callable[[Any], Any],
        source_keys: Sequence[Key],
        target_keys: Sequence[Key],
        *,
        name: str,
        source: str,
        level: int = 3,
        schema: type[msgspec.Struct] | None = None,
        inverse: Callable[[Any], Any] | None = None,
        inverse_schema: type[msgspec.Struct] | None = None,
    ) -> None:
        self.level = level
        self.name = name
        told = f"{level}|{name}|{source}|{schema_text(source_keys)}|{schema_text(target_keys)}|{CODEC_VERSION}"
        self.fingerprint = sha256(told.encode()).hexdigest()
        self._function = function
        self._text = source
        self._source, self._target = tuple(source_keys), tuple(target_keys)
        self._schema = schema
        self._inverse, self._inverse_schema = inverse, inverse_schema
        self._key = KeyReader(target_keys)
        self._read, self._write = _codec(level, schema)
        self._lazy: Callable[[Any], Any] = JsonItem if level == 2 else Item
        self.parses = schema is None  # until it is seen to look at every attribute

    @property
    def invertible(self) -> FunctionTransform | None:
        """The transform of the inverse that was given, if one was."""
        if self._inverse is None:
            return None
        return FunctionTransform(
            self._inverse,
            self._target,
            self._source,
            name=f"{self.name}_inverse",
            source=self._text,
            level=self.level,
            schema=self._inverse_schema,
            inverse=self._function,
            inverse_schema=self._schema,
        )

    def describe(self) -> tuple[str, ...]:
        on = "DynamoDB JSON" if self.level == 2 else self._schema.__name__ if self._schema else "plain values"
        return (f"{self.name}, on {on}",)

    def apply(self, item: Buffer) -> tuple[bytes, ...]:
        page = self.page((item,))
        if page.rejected:
            raise TransformError(page.rejected[0].reason)
        return tuple(map(bytes, page.items))

    def page(self, items: Sequence[Buffer]) -> Page:
        made: list[bytes] = []
        keys: list[bytes] = []
        rejected: list[Rejected] = []
        function, write, key_of = self._function, self._write, self._key_of
        read = self._read
        held: Sequence[Any] = items
        if self.parses and type(items) is ParsedItems:
            read, held = self._lazy, items.take()
        for number, item in enumerate(held):
            try:
                given = read(item)
                result = function(given)
                if number == 0 and isinstance(given, Item) and not given.untouched():
                    # As it looks at all that there is, it will of the others.
                    self.parses = False
                    read = read if held is not items else given.read_whole
                if result is None:
                    continue
                if type(result) in _DICTS or isinstance(result, _ONE):
                    new = write(result)
                    if len(new) > MOST_BYTES:
                        _check_size(new)
                    keys.append(key_of(result, new))
                    made.append(new)
                else:
                    several = self._several(result)
                    made += [new for new, _ in several]
                    keys += [key for _, key in several]
            except (TransformError, ValueRefused, KeyRefused, msgspec.DecodeError) as error:
                rejected.append(Rejected(bytes(items[number]), str(error)))
            except (Exception, SystemExit) as error:
                # SystemExit too: a transform that ends the program would end it as if all were done.
                rejected.append(Rejected(bytes(items[number]), _raised(error)))
        return Page(made, rejected, keys if self._target else None)

    def _key_of(self, result: Any, new: bytes) -> bytes:
        """The canonical key; taken from the plain values where they are short strings, as most keys are. Files have none."""
        if type(result) in _DICTS:
            parts = []
            for key in self._key.keys:
                value = _get(result, key.name)
                if self.level == 2 and type(value) is dict:
                    value = value.get("S")
                if type(value) is not str or key.type != "S" or not 0 < len(value) < 256:
                    break
                parts.append(value.encode())
            else:
                return join_key(parts) if parts else b""
        return self._key(new) if self._target else b""

    def _several(self, result: Any) -> list[tuple[bytes, bytes]]:
        if isinstance(result, (str, bytes)) or not isinstance(result, Iterable):
            raise TransformError(
                f"{self.name} returned {type(result).__name__}: return an item, several items, or None"
            )
        several: list[tuple[bytes, bytes]] = []
        for each in result:
            if not isinstance(each, _ONE):
                raise TransformError(
                    f"{self.name} returned {type(each).__name__} among its items: each must be an item"
                )
            new = self._write(each)
            _check_size(new)
            several.append((new, self._key_of(each, new)))
        if self._target and len({key for _, key in several}) < len(several):
            raise TransformError(f"{self.name} returned two items with one key: the second would overwrite the first")
        return several


_ONE = (Mapping, msgspec.Struct)
_DICTS = (dict, Item, JsonItem)
_get = dict.get


def _codec(level: int, schema: type[msgspec.Struct] | None) -> tuple[Callable[[Any], Any], Callable[[Any], bytes]]:
    if level == 2:
        return JsonItem.read, encode_json_item
    if schema is not None:
        codec = TypedCodec(schema)
        return codec.read, _write_any
    return Item.read, _write_any


_structs: dict[type, TypedCodec] = {}


def _write_any(result: Any) -> bytes:
    if isinstance(result, msgspec.Struct):
        codec = _structs.get(type(result))
        if codec is None:
            codec = _structs[type(result)] = TypedCodec(type(result))
        return codec.write(result)
    return encode_item(result)


def _check_size(item: bytes) -> None:
    if len(item) > MOST_BYTES and size(item) > MOST_BYTES:
        raise TransformError(f"the item would have {size(item):,} bytes, and DynamoDB takes {MOST_BYTES:,}")


def _raised(error: BaseException) -> str:
    """What the function raised, and where in it. Its text is left out: it often quotes the item, and reasons stand in logs."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "/tablewright/migrate/" not in frame.filename
    ]
    where = f" ({frames[-1].filename.rsplit('/', 1)[-1]}, line {frames[-1].lineno})" if frames else ""
    if isinstance(error, KeyError) and len(error.args) == 1:
        return f"KeyError: {error.args[0]!r} is not in the item{where}"
    return f"the function raised {type(error).__name__}{where}"
