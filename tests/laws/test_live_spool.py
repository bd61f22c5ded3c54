"""Laws of the spool: what was appended is read back, also after a crash that tore its end; damage elsewhere is said."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.errors import Failed
from tablewright.migrate.live.changes import decode, encode
from tablewright.migrate.live.spool import Spool
from tablewright.model.stream import StreamRecord

images = st.none() | st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=4),
    st.text(st.characters(codec="utf-8"), max_size=8).map(lambda text: {"S": text}),
    max_size=3,
)


def record(number: int, old: object = None, new: object = None) -> StreamRecord:
    """A change, numbered."""
    import orjson

    told = [None if each is None else orjson.dumps(each) for each in (old, new)]
    return StreamRecord(str(number), b'{"id":{"S":"k"}}', float(number), told[0], told[1])


@given(st.lists(st.tuples(images, images), max_size=5))
@settings(max_examples=50)
def test_a_change_is_what_it_was(pairs: list[tuple[object, object]]) -> None:
    for number, (old, new) in enumerate(pairs):
        change = record(number, old, new)
        assert decode(encode(change)) == change


@given(
    batches=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    torn=st.integers(1, 40),
    garbage=st.binary(max_size=30),
    rotate=st.sampled_from([1, 120, 10_000]),
)
@settings(max_examples=15)
def test_a_torn_end_is_cut_off_and_written_anew(batches: list[int], torn: int, garbage: bytes, rotate: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, rotate)
        shard = spool.shard("s")
        written = 0
        for size in batches:
            written = shard.append([record(written + n) for n in range(size)])
        spool.close()
        last = max(folder.glob("*.spool"))
        data = last.read_bytes()
        last.write_bytes(data[: max(len(data) - torn, 0)] + garbage)

        again = Spool(folder, rotate).shard("s")
        assert written - 2 <= again.count <= written if len(data) > torn else again.count <= written
        assert again.last == (str(again.count - 1) if again.count else "")
        count = again.append([record(again.count), record(again.count + 1)])
        read = [each.sequence for each in again.read(0, 10_000)]
        assert read == [str(n) for n in range(count)]
        assert [each.sequence for each in again.read(count - 1, 5)] == [str(count - 1)]


def test_what_is_replayed_is_forgotten_file_by_file(tmp_path: Path) -> None:
    shard = Spool(tmp_path, rotate_bytes=100).shard("s")
    for number in range(20):
        shard.append([record(number)])
    files = len(list(tmp_path.glob("*.spool")))
    assert {each.stat().st_mode & 0o777 for each in tmp_path.glob("*.spool")} == {0o600}, "they hold items"
    shard.forget(15)
    assert len(list(tmp_path.glob("*.spool"))) < files
    assert [each.sequence for each in shard.read(15, 100)] == [str(n) for n in range(15, 20)]
    again = Spool(tmp_path, rotate_bytes=100).shard("s")
    assert again.count == 20 and again.last == "19"
    with pytest.raises(Failed, match="damaged"):
        again.read(0, 1)


def test_where_to_go_on_is_known_though_the_newest_file_lost_all(tmp_path: Path) -> None:
    """All that was kept is replayed, a new file is begun, and a crash tears its first record."""
    shard = Spool(tmp_path, rotate_bytes=100).shard("s")
    while len(list(tmp_path.glob("*.spool"))) < 2:
        shard.append([record(shard.count)])
    begun = shard.count - 1
    shard.forget(begun)
    max(tmp_path.glob("*.spool")).write_bytes(b"")
    assert Spool(tmp_path, rotate_bytes=100).shard("s").last == str(begun - 1)


def test_damage_in_the_middle_is_said(tmp_path: Path) -> None:
    shard = Spool(tmp_path, rotate_bytes=100).shard("s")
    for number in range(6):
        shard.append([record(number)])
    first = min(tmp_path.glob("*.spool"))
    data = bytearray(first.read_bytes())
    data[12] ^= 0xFF
    first.write_bytes(bytes(data))
    with pytest.raises(Failed, match="damaged") as told:
        Spool(tmp_path, rotate_bytes=100).shard("s")
    assert told.value.code == "spool-damaged" and told.value.hint == "tablewright migrate abandon"
