"""Items come back from files as they went in; what a format cannot hold, and files that are not whole, are refused."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tablewright.errors import Failed, Refused, TablewrightError, UsageError
from tablewright.migrate.engine.values import Acknowledged, Counts, Position
from tablewright.migrate.files.csv_text import CsvWriter, read_csv
from tablewright.migrate.files.json_lines import JsonWriter, read_json
from tablewright.migrate.files.opening import open_file_sink, open_file_source
from tablewright.migrate.files.parquet import ParquetWriter, read_parquet
from tablewright.migrate.files.source import FileSource
from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.values import to_json
from tablewright.migrate.job import Files
from tests.laws.item_strategies import items, numbers, texts

WRITERS: dict[str, Any] = {
    "json": (JsonWriter, read_json),
    "csv": (CsvWriter, read_csv),
    "parquet": (ParquetWriter, read_parquet),
}
_SUFFIX = {"none": "", "gzip": ".gz", "zstd": ".zst"}


def _there_and_back(form: str, compression: str, given: Sequence[bytes]) -> list[bytes]:
    writer, reader = WRITERS[form]
    out = io.BytesIO()
    part = writer(out, compression)
    part.add(given[: len(given) // 2])
    part.add(given[len(given) // 2 :])
    part.close()
    suffix = "" if form == "parquet" else _SUFFIX[compression]
    return list(reader(io.BytesIO(out.getvalue()), f"part{suffix}"))


@pytest.mark.parametrize("form", ["json", "parquet"])
@given(st.lists(items(), min_size=1, max_size=4), st.sampled_from(["none", "gzip", "zstd"]))
@settings(max_examples=10)
def test_every_item_comes_back(form: str, given: list[dict[str, Any]], compression: str) -> None:
    assume(all(given))
    wire = [to_json(item) for item in given]
    assert list(map(canonical, _there_and_back(form, compression, wire))) == list(map(canonical, wire))


_flat = st.fixed_dictionaries(
    {"id": texts.filter(bool)},
    optional={
        "s": texts,
        "n": numbers(),
        "b": st.binary(max_size=4),
        "t": st.booleans(),
        "이름,\n": texts,
        "nil": st.none(),
    },
)


@given(st.lists(_flat, min_size=1, max_size=4), st.sampled_from(["none", "gzip", "zstd"]))
@settings(max_examples=15)
def test_what_csv_can_hold_comes_back(given: list[dict[str, Any]], compression: str) -> None:
    wire = [to_json(item) for item in given]
    assert list(map(canonical, _there_and_back("csv", compression, wire))) == list(map(canonical, wire))


@pytest.mark.parametrize("value", [{"a"}, ["x"], {"k": 1}, None])
def test_what_csv_cannot_hold_is_refused(value: Any) -> None:
    given = [to_json({"id": "1", "v": "text"}), to_json({"id": "2", "v": value})]
    if value is None:
        assert len(_there_and_back("csv", "none", given)) == 2
        return
    with pytest.raises(Failed, match=r"Attribute 'v' is .*; a CSV column holds strings, numbers, binary or Booleans"):
        _there_and_back("csv", "none", given)


def test_csv_columns_are_typed_by_the_header_or_a_file_beside() -> None:
    text = "id:S,n:N,t:BOOL\r\n007,1.50,true\r\n\\E,,\r\n"
    assert list(read_csv(io.BytesIO(text.encode()), "a.csv")) == [
        b'{"id":{"S":"007"},"n":{"N":"1.50"},"t":{"BOOL":true}}',
        b'{"id":{"S":""}}',
    ]
    assert list(read_csv(io.BytesIO(b"id,n\n1,2\n"), "a.csv", {"id": "S", "n": "N"})) == [
        b'{"id":{"S":"1"},"n":{"N":"2"}}'
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,n:N\n1,2\n", "column 'id'. Name it id:S"),
        ("id:S,n:N\n1,two\n", "line 2: column n is N, and the cell cannot be read"),
        ("id:S,t:BOOL\n1,yes\n", "column t is BOOL, and the cell"),
        ("id:S,b:B\n1,%\n", "column b is B"),
        ("id:S\n1,2\n", "line 2: it has 2 cells, and the header 1"),
        ('id:S\n"1\n', "unexpected end of data"),
    ],
)
def test_csv_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(TablewrightError) as raised:
        list(read_csv(io.BytesIO(text.encode()), "a.csv"))
    assert says in raised.value.detail


def test_numbers_are_numbers_in_parquet() -> None:
    import pyarrow.parquet

    out = io.BytesIO()
    writer = ParquetWriter(out, "zstd")
    writer.add([to_json({"whole": n, "part": f, "huge": h}) for n, f, h in _numbers()])
    writer.close()
    schema = pyarrow.parquet.read_schema(io.BytesIO(out.getvalue()))
    assert [str(field.type) for field in schema] == ["int64", "decimal128(38, 2)", "string"]


def _numbers() -> Iterator[tuple[Any, ...]]:
    from decimal import Decimal

    yield 1, Decimal("1.25"), Decimal("1E+100")
    yield -(10**17), Decimal(7), Decimal(1)


def test_parquet_of_others_is_read_by_its_columns() -> None:
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": ["a", None], "n": [1, 2], "l": [["x"], []]}), out)
    assert list(read_parquet(io.BytesIO(out.getvalue()), "p")) == [
        b'{"id":{"S":"a"},"n":{"N":"1"},"l":{"L":[{"S":"x"}]}}',
        b'{"n":{"N":"2"},"l":{"L":[]}}',
    ]
    floats = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"price": [0.1]}), floats)
    with pytest.raises(UsageError, match=r"column 'price' is double.*floats are not exact"):
        list(read_parquet(io.BytesIO(floats.getvalue()), "p"))


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-5], lambda data: data[: len(data) // 2], lambda data: data[:30] + b"x" * 8 + data[38:]],
)
def test_files_that_are_not_whole_are_said(form: str, compression: str, damage: Callable[[bytes], bytes]) -> None:
    writer, reader = WRITERS[form]
    out = io.BytesIO()
    part = writer(out, compression)
    part.add([to_json({"id": str(n), "text": f"{n * 7919}"}) for n in range(2000)])
    part.close()
    name = "part" if form == "parquet" else f"part{_SUFFIX[compression]}"
    with pytest.raises(Failed, match="A file is not whole") as raised:
        list(reader(io.BytesIO(damage(out.getvalue())), name))
    assert name in raised.value.detail


def test_json_lines_as_people_have_them() -> None:
    text = b'{"Item":{"id":{"S":"1"}},"reason":"set aside"}\n\n{"id": {"S": "2"}}\n  \n{"Item": {"id":{"S":"3"}}}'
    assert list(read_json(io.BytesIO(text), "a.json")) == [
        b'{"id":{"S":"1"}}',
        b'{"id": {"S": "2"}}',
        b'{"id":{"S":"3"}}',
    ]
    for bad, says in [
        (b"{\n", "a.json, line 1 is no JSON object"),
        (b"[1]\n", "line 1 is no JSON object"),
        (b'{"Keys":{},"NewImage":{}}\n', "is a change"),
    ]:
        with pytest.raises(Failed) as raised:
            list(read_json(io.BytesIO(bad), "a.json"))
        assert says in raised.value.detail


def _pages(count: int) -> list[tuple[Acknowledged, list[bytes]]]:
    """Pages of two segments, one after the other; the last of each has no position."""
    made = []
    for number in range(count):
        segment, last = number % 2, number >= count - 2
        position = None if last else b'{"p":%d}' % number
        wire = [to_json({"id": f"{number}-{n}", "n": n}) for n in range(number % 4)]
        made.append((Acknowledged(segment, position, Counts(written=len(wire))), wire))
    return made


@given(st.data(), st.sampled_from(["json", "csv", "parquet"]))
@settings(max_examples=8)
def test_a_copy_into_files_that_is_killed_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, form: str
) -> None:
    _killed_copy(tmp_path_factory.mktemp("parts") / "out", data, form)


@pytest.mark.slow
@given(st.data(), st.sampled_from(["json", "csv", "parquet"]))
@settings(max_examples=100)
def test_a_copy_into_files_that_is_killed_loses_and_doubles_nothing_often(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, form: str
) -> None:
    _killed_copy(tmp_path_factory.mktemp("parts") / "out", data, form)


def _killed_copy(folder: Path, data: st.DataObject, form: str) -> None:
    """The copy is killed at any page, with any part of what was durable acknowledged, and begins anew behind that."""
    pages = _pages(data.draw(st.integers(2, 14)))
    positions = {0: Position(), 1: Position()}
    finished = False
    while not finished:
        sink = open_file_sink(Files(str(folder), form, "none"))
        sink._form = type(sink._form)(*(*_fields(sink._form), data.draw(st.sampled_from([1, 80, 10_000]))))
        sink.start(positions)
        durable: list[Acknowledged] = []
        for page, wire in _behind(pages, positions):
            durable += sink.write(page, wire)
            if data.draw(st.integers(0, 5)) == 5:
                break
        else:
            durable += sink.finish()
            finished = True
        kept = len(durable) if finished else len(durable) - data.draw(st.integers(0, len(durable)))
        for page in durable[:kept]:
            positions[page.segment] = Position(page.position, page.position is None)
    source = open_file_source(Files(str(folder), form, "none"))
    assert sorted(_read(source)) == sorted(item for _, wire in pages for item in wire)
    assert source.expected == sum(len(wire) for _, wire in pages)


def _fields(form: Any) -> tuple[Any, ...]:
    return form.name, form.suffix, form.writer, form.reader


def _behind(
    pages: Sequence[tuple[Acknowledged, list[bytes]]], positions: dict[int, Position]
) -> list[tuple[Acknowledged, list[bytes]]]:
    """The pages that a copy reads which goes on behind these positions."""
    left = []
    for segment, position in positions.items():
        own = [page for page in pages if page[0].segment == segment]
        behind = 0 if position.after is None else 1 + [page.position for page, _ in own].index(position.after)
        left += [] if position.done else own[behind:]
    return sorted(left, key=lambda page: pages.index(page))


def _read(source: FileSource, stop: Callable[[], bool] = bool) -> list[bytes]:
    """Every item; where ``stop`` says so, reading goes on with a source of its own, by the position alone."""
    found: list[bytes] = []
    for segment in range(source.segments):
        after = None
        while True:
            page = source.read(segment, after)
            found += [bytes(item) for item in page.items]
            after = page.position
            if after is None:
                break
            if stop():
                source = FileSource(source._store, source._files, source._reader, source.expected)
    return found


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export in S3's layout, as DynamoDB writes it."""
    import gzip
    from base64 import b64encode
    from hashlib import md5

    data = tmp_path / "AWSDynamoDB/01-abc/data"
    data.mkdir(parents=True)
    lines = []
    for number in range(3):
        name = f"x{number}.json.gz"
        body = gzip.compress(b"".join(b'{"Item":%b}\n' % to_json({"id": f"{number}-{n}"}) for n in range(1500)))
        (data / name).write_bytes(body)
        lines.append(
            {
                "itemCount": 1500,
                "md5Checksum": b64encode(md5(body).digest()).decode(),
                "etag": "e",
                "dataFileS3Key": f"prefix/AWSDynamoDB/01-abc/data/{name}",
            }
        )
    root = data.parent
    (root / "manifest-files.json").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    (root / "manifest-summary.json").write_bytes(orjson.dumps({"itemCount": 4500, "outputFormat": "DYNAMODB_JSON"}))
    (root / "manifest-summary.md5").write_text("x")
    return tmp_path


def test_an_export_is_read_and_gone_on_with_anywhere(export: Path) -> None:
    source = open_file_source(Files(str(export)))
    assert (source.segments, source.expected) == (3, 4500)
    wanted = sorted(to_json({"id": f"{number}-{n}"}) for number in range(3) for n in range(1500))
    assert sorted(_read(source)) == sorted(_read(source, lambda: True)) == wanted


def test_what_is_wrong_with_an_export_is_said(export: Path) -> None:
    root = export / "AWSDynamoDB/01-abc"
    files = Files(str(export))

    def says(summary: bytes | None, manifest: Callable[[bytes], bytes] | None, match: str) -> None:
        kept = {name: (root / name).read_bytes() for name in ("manifest-summary.json", "manifest-files.json")}
        if summary is not None:
            (root / "manifest-summary.json").write_bytes(summary)
        if manifest is not None:
            (root / "manifest-files.json").write_bytes(manifest(kept["manifest-files.json"]))
        with pytest.raises(TablewrightError) as raised:
            _read(open_file_source(files))
        assert match in raised.value.detail
        for name, text in kept.items():
            (root / name).write_bytes(text)

    says(b'{"outputFormat":"ION"}', None, "says ION")
    says(b'{"exportType":"INCREMENTAL_EXPORT"}', None, "says INCREMENTAL_EXPORT")
    says(
        None,
        lambda text: text.replace(b"x1.json.gz", b"y.json.gz"),
        "and there is no AWSDynamoDB/01-abc/data/y.json.gz",
    )
    # A list that was cut off on its way, at the end of a line, names whole files, and not all of them.
    says(
        None,
        lambda text: text[: text.rindex(b"\n") + 1],
        "names files of 3,000 items, and manifest-summary.json says 4,500",
    )
    more = b'{"itemCount":4503,"outputFormat":"DYNAMODB_JSON"}'
    says(more, lambda text: text.replace(b"1500", b"1501"), "holds 1,500 items, and manifest-files.json says 1,501")
    says(None, lambda text: b"nonsense", "line 1 is no JSON object")
    (root / "data/x2.json.gz").write_bytes((root / "data/x1.json.gz").read_bytes())
    says(None, None, "x2.json.gz has another MD5 checksum")


def test_places_that_cannot_be_used_are_said(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("precious")
    uses: list[tuple[Callable[[], Any], str]] = [
        (lambda: open_file_source(Files(str(tmp_path / "none"))), "does not exist"),
        (lambda: open_file_source(Files(str(tmp_path / "full"))), "holds no file whose name ends in .json"),
        (lambda: open_file_source(Files("s3://bucket/x")), "opened without S3"),
        (lambda: open_file_source(Files(str(tmp_path), "xml")), "formats are json, parquet, csv"),
    ]
    for use, match in uses:
        with pytest.raises(UsageError) as raised:
            use()
        assert match in raised.value.detail
    with pytest.raises(Refused, match="is not empty"):
        open_file_sink(Files(str(tmp_path / "full"))).start({0: Position()})
    with pytest.raises(Refused, match="Files are not written to S3"):
        open_file_sink(Files("s3://bucket/x"))
    assert (tmp_path / "full/mine.txt").read_text() == "precious"


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["data/part-000000.json", "parts.jsonl", "."])
def test_parts_that_somebody_removed_are_missed(tmp_path: Path, gone: str) -> None:
    """What was acknowledged is not written again, so going on would leave it out of the files."""
    folder = tmp_path / "out"
    sink = open_file_sink(Files(str(folder), "json", "none"))
    sink.start({0: Position()})
    list(sink.write(Acknowledged(0, b"1", Counts(written=1)), [to_json({"id": "1"})]))
    assert [page.position for page in sink.finish()] == [b"1"]
    positions = {0: Position(b"1", counts=Counts(read=2, written=1, set_aside=1))}
    open_file_sink(Files(str(folder), "json", "none")).start(positions)
    shutil.rmtree(folder) if gone == "." else (folder / gone).unlink()
    with pytest.raises(TablewrightError) as raised:
        open_file_sink(Files(str(folder), "json", "none")).start(positions)
    assert raised.value.code in ("files-lost", "folder-not-empty")


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the same error comes from the same calls."""
    code = """
import resource, sys
from pathlib import Path
from tablewright.errors import MustWait
from tablewright.migrate.engine.values import Acknowledged, Counts, Position
from tablewright.migrate.files.opening import open_file_sink
from tablewright.migrate.job import Files
sink = open_file_sink(Files(sys.argv[1], "json", "none"))
sink.start({0: Position()})
item = b'{"id":{"S":"' + b"x" * 1000 + b'"}}'
done = list(sink.write(Acknowledged(0, b"1", Counts()), [item])) + list(sink.finish())
assert [page.position for page in done] == [b"1"]
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    list(sink.write(Acknowledged(0, b"2", Counts()), [item] * 100)) + list(sink.finish())
except MustWait as error:
    print(error.code, error.detail)
"""
    folder = tmp_path / "out"
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("disk-refuses")
    assert "What was acknowledged is whole; make room" in ran.stdout
    sink = open_file_sink(Files(str(folder), "json", "none"))
    sink.start({0: Position(b"1")})
    assert [
        page.position for page in [*sink.write(Acknowledged(0, None, Counts()), [to_json({"id": "2"})]), *sink.finish()]
    ] == [None]
    found = _read(open_file_source(Files(str(folder), "json", "none")))
    assert [len(item) for item in found] == [1015, len(to_json({"id": "2"}))]
