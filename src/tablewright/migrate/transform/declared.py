"""Level 1: declared operations, done on items whose attribute values stay the bytes that they are.

An item is cut at its top-level attributes (``msgspec.Raw``), which moves or drops a value without looking into it; only a value
that is composed, retyped or compared is read. What no operation names is passed on byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from tablewright.errors import UsageError
from tablewright.migrate.transform.checking import check
from tablewright.migrate.transform.compiled import compile_page
from tablewright.migrate.transform.injective import is_injective
from tablewright.migrate.transform.inverse import NoInverse, inverse_of
from tablewright.migrate.transform.operations import Operation, names_read, names_written
from tablewright.migrate.transform.protocol import CODEC_VERSION, Page, TransformError
from tablewright.migrate.transform.unchanged import schema_text
from tablewright.migrate.transform.wording import sentence
from tablewright.model.table import Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Declared"]


class Declared:
    """Declared operations between two key schemas; that of files is empty, and then no keys are read.

    ``in_place``: the item is changed where it is. Its key stays, and an item that has been through already is left as it is.
    Raises UsageError where the operations contradict one another or the key schemas.
    """

    level = 1
    parses = True

    def __init__(
        self, operations: Sequence[Operation], source: Sequence[Key], target: Sequence[Key], *, in_place: bool = False
    ) -> None:
        check(operations, source, target, in_place=in_place)
        self.operations = tuple(operations)
        self._source, self._target, self._in_place = tuple(source), tuple(target), in_place
        told = f"1|{self.operations!r}|{schema_text(source)}|{schema_text(target)}|{in_place}|{CODEC_VERSION}"
        self.fingerprint = sha256(told.encode()).hexdigest()
        self.reads: frozenset[str] | None = frozenset().union(
            *(names_read(each) | names_written(each) for each in self.operations)
        )
        written = frozenset().union(*(names_written(each) for each in self.operations))
        self.keeps_keys = not target or (
            schema_text(source) == schema_text(target) and not written & {key.name for key in target}
        )
        self.injective = self.keeps_keys or is_injective(self.operations, source, target)
        self._page = compile_page(self.operations, target, keeps_keys=self.keeps_keys, in_place=in_place)

    @property
    def invertible(self) -> Declared | None:
        """The inverse; ``no_inverse`` says why there is none."""
        try:
            return self._inverse()
        except (NoInverse, UsageError):
            return None

    @property
    def no_inverse(self) -> str:
        """Why there is no inverse; empty where there is one."""
        try:
            self._inverse()
        except (NoInverse, UsageError) as why:
            return str(why)
        return ""

    def _inverse(self) -> Declared:
        if self._in_place:
            raise NoInverse("in place, what an item was is kept in the undo file")
        return Declared(inverse_of(self.operations, self._source), self._target, self._source)

    def describe(self) -> tuple[str, ...]:
        return tuple(map(sentence, self.operations))

    def apply(self, item: Buffer) -> tuple[bytes, ...]:
        page = self._page((item,))
        if page.rejected:
            raise TransformError(page.rejected[0].reason)
        return tuple(map(bytes, page.items))

    def page(self, items: Sequence[Buffer]) -> Page:
        return self._page(items)
