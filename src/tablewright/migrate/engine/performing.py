"""Performing what the machine says: reads and writes of tables over the wire, of files at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import orjson

from tablewright.migrate.engine.commands import Failure, Input, PageRead, Read, ReadFailed, Write, WriteFailed, Written
from tablewright.migrate.engine.values import Acknowledged, PageSink, PageSource, SourcePage
from tablewright.migrate.wire.client import Client, Reply, Request
from tablewright.migrate.wire.door import OpenTable
from tablewright.migrate.wire.loop import Loop
from tablewright.migrate.wire.refusals import Refusal, meaning
from tablewright.migrate.wire.shapes import BatchShape, Malformed, PutShape, ScanShape, existing_item, put_units

__all__ = ["FileReads", "FileWrites", "Reads", "TableReads", "TableWrites", "Writes"]

_FAILURES = {
    Refusal.THROTTLED: Failure.THROTTLED,
    Refusal.AGAIN: Failure.AGAIN,
    Refusal.GARBLED: Failure.GARBLED,
    Refusal.INVALID: Failure.INVALID,
    Refusal.CONFLICT: Failure.CONFLICT,
}


class Reads(Protocol):
    """Whoever reads pages. What came back is put into the list that it was given."""

    @property
    def free(self) -> int: ...

    def read(self, read: Read) -> None: ...

    def close(self) -> None: ...


class Writes(Protocol):
    """Whoever writes items. ``acknowledged`` says which pages are durable once the machine has finished with this one."""

    @property
    def free(self) -> int: ...

    def write(self, write: Write) -> None: ...

    def acknowledged(self, page: Acknowledged) -> list[Acknowledged]: ...

    def finish(self) -> list[Acknowledged]: ...

    def close(self) -> None: ...


class _Refusing:
    """What both have in common: how a refusal becomes an input, and the error that the first fatal one is."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.lost_at = 0.0  # when an answer was last lost, on the loop's clock: its request may still be carried out

    def failure(self, client: Client, operation: str, reply: Reply) -> tuple[Failure, str]:
        if not reply.status:
            return Failure.AGAIN, reply.lost
        refusal, code, message = meaning(reply.status, reply.body)
        failure = _FAILURES.get(refusal, Failure.FATAL)
        if failure is Failure.FATAL and self.trouble is None:
            self.trouble = client.refusal(operation, reply)
        return failure, f"{code}: {message}" if message else code


class TableReads(_Refusing):
    """Scans of a table, one page a request. ``parsed``: whether the transform begins with each item's attributes."""

    def __init__(
        self,
        loop: Loop,
        table: OpenTable,
        segments: int,
        inbox: list[Input],
        *,
        consistent: bool,
        connections: int,
        parsed: Callable[[], bool] = bool,
    ) -> None:
        super().__init__()
        self._inbox = inbox
        self._shape = ScanShape(table.name, segments, consistent=consistent)
        self._parsed = parsed
        self._client = Client(loop, table.plane, self._came, connections=connections)

    @property
    def free(self) -> int:
        return self._client.free

    def read(self, read: Read) -> None:
        self._client.send(Request(read, "Scan", self._shape.body(read.segment, read.after, read.limit)))

    def close(self) -> None:
        self._client.close()

    def _came(self, reply: Reply) -> None:
        read = reply.ticket
        assert isinstance(read, Read)
        if reply.status == 200:
            try:
                page = self._shape.page(reply.body, parsed=self._parsed())
            except Malformed as error:
                self._inbox.append(ReadFailed(read.read, Failure.AGAIN, str(error)))
                return
            found = SourcePage(read.segment, page.items, page.last_key, len(reply.body), page.units)
            self._inbox.append(PageRead(read.read, found))
        else:
            failure, detail = self.failure(self._client, "Scan", reply)
            if failure in (Failure.INVALID, Failure.CONFLICT):
                self.trouble = self.trouble or self._client.refusal("Scan", reply)
            self._inbox.append(ReadFailed(read.read, failure, detail))


class TableWrites(_Refusing):
    """Puts to a table: BatchWriteItem, or a conditional PutItem for each item."""

    def __init__(self, loop: Loop, table: OpenTable, inbox: list[Input], *, only_new: bool, connections: int) -> None:
        super().__init__()
        self._loop = loop
        self._inbox = inbox
        self._table = table
        self._only_new = only_new
        self._batch = BatchShape(table.name)
        self._put = PutShape(table.name, table.keys[0])
        self._body = self._put.body if only_new else self._batch.body
        self._operation = "PutItem" if only_new else "BatchWriteItem"
        self._client = Client(loop, table.plane, self._came, connections=connections)

    @property
    def free(self) -> int:
        return self._client.free

    def write(self, write: Write) -> None:
        self._client.send(Request(write, self._operation, self._body(write.items)))

    def acknowledged(self, page: Acknowledged) -> list[Acknowledged]:
        return [page]

    def finish(self) -> list[Acknowledged]:
        return []

    def close(self) -> None:
        self._client.close()

    def _came(self, reply: Reply) -> None:
        write = reply.ticket
        assert isinstance(write, Write)
        number = write.write
        if reply.status == 200:
            try:
                if self._only_new:
                    told = Written(number, (), put_units(reply.body))
                else:
                    unprocessed, units = self._batch.answer(reply.body)
                    told = Written(number, unprocessed, units)
            except Malformed as error:
                self._inbox.append(WriteFailed(number, Failure.AGAIN, str(error)))
            else:
                self._inbox.append(told)
            return
        if not reply.status and not reply.unsent:
            self.lost_at = self._loop.now()
        failure, detail = self.failure(self._client, self._operation, reply)
        existing = None
        if failure is Failure.CONFLICT:
            detail = "the target holds another item under this key"
            existing = existing_item(reply.body)
            if existing is None:
                failure, existing = self._look(write)
        self._inbox.append(WriteFailed(number, failure, detail, existing))

    def _look(self, write: Write) -> tuple[Failure, bytes | None]:
        """What stands under the key, where the refusal did not say (older endpoints)."""
        item = orjson.loads(bytes(write.items[0]))
        key = {name: item[name] for name in self._table.keys}
        asked = orjson.dumps({"TableName": self._table.name, "ConsistentRead": True, "Key": key})
        answer = self._table.plane.call("GetItem", asked)
        if answer.status != 200:
            return Failure.AGAIN, None
        found = existing_item(answer.body)
        return (Failure.AGAIN, None) if found is None else (Failure.CONFLICT, found)


class FileReads:
    """Pages of files: one at a time, in the loop's own thread."""

    def __init__(self, source: PageSource, inbox: list[Input]) -> None:
        self._source = source
        self._inbox = inbox
        self.trouble: Exception | None = None
        self.lost_at = 0.0

    @property
    def free(self) -> int:
        return 1

    def read(self, read: Read) -> None:
        page = self._source.read(read.segment, read.after)
        self._inbox.append(PageRead(read.read, page))

    def close(self) -> None:
        return


class FileWrites:
    """Whole pages into files. A page's items are handed over when the machine is done with it, in its segment's order."""

    def __init__(self, sink: PageSink, inbox: list[Input]) -> None:
        self._sink = sink
        self._inbox = inbox
        self.trouble: Exception | None = None
        self.lost_at = 0.0

    @property
    def free(self) -> int:
        return 4

    def write(self, write: Write) -> None:
        self._inbox.append(Written(write.write, (), 0.0))

    def acknowledged(self, page: Acknowledged) -> list[Acknowledged]:
        return list(self._sink.write(page, page.items))

    def finish(self) -> list[Acknowledged]:
        return list(self._sink.finish())

    def close(self) -> None:
        return
