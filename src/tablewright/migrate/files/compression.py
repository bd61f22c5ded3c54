"""Reading and writing compressed streams; a file that is torn or damaged is said to be so, never read short."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import IO, Any

from isal import igzip, isal_zlib

from tablewright.errors import Failed, UsageError

__all__ = ["SUFFIXES", "chunks", "compressed", "compression_of"]

SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "none": ""}
_CHUNK = 1 << 20
_gzip: Any = igzip.IGzipFile
_DAMAGED: Any = (zlib.error, igzip.BadGzipFile, isal_zlib.error)


def compression_of(name: str) -> str:
    """The compression that a file's name says."""
    return next((kind for kind, suffix in SUFFIXES.items() if suffix and name.endswith(suffix)), "none")


def chunks(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The content of a file, decompressed as its name says. Raises Failed where it is torn or damaged."""
    kind = compression_of(name)
    try:
        if kind == "zstd":
            yield from _zstd(stream)
            return
        plain: IO[bytes] = _gzip(fileobj=stream, mode="rb") if kind == "gzip" else stream
        while chunk := plain.read(_CHUNK):
            yield chunk
    except EOFError as error:
        raise _torn(name, "it ends in the middle of a compressed member", error) from None
    except _DAMAGED as error:
        raise _torn(name, "it is no gzip, or damaged", error) from None
    except Exception as error:
        if type(error).__name__ == "ZstdError":
            raise _torn(name, "it is no zstd, torn or damaged", error) from None
        raise


def _zstd(stream: IO[bytes]) -> Iterator[bytes]:
    """Frame after frame; a torn one is an EOFError (the package's own reader takes its end for the content's)."""
    read = None
    while data := stream.read(_CHUNK):
        while data:
            if read is None:
                read = _zstandard().ZstdDecompressor().decompressobj()
            if plain := read.decompress(data):
                yield plain
            data = b""
            if read.eof:
                data, read = read.unused_data, None
    if read is not None:
        raise EOFError("the last zstd frame has no end")


def compressed(stream: IO[bytes], kind: str) -> IO[bytes]:
    """What writes compressed into the stream; closing it leaves the stream open."""
    writer: IO[bytes]
    if kind == "gzip":
        writer = _gzip(filename="", fileobj=stream, mode="wb", compresslevel=2, mtime=0)
    elif kind == "zstd":
        writer = _zstandard().ZstdCompressor(level=3, write_checksum=True).stream_writer(stream, closefd=False)
    else:
        through: Any = _Open(stream)
        writer = through
    return writer


class _Open(io.RawIOBase):
    """Writes through; closing it does not close what is below."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._stream.write(data)


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise no_zstd() from None
    return zstandard


def no_zstd() -> UsageError:
    """The error where the package for zstd is not installed."""
    return UsageError(
        "extra-missing",
        "zstd needs a package that is not installed",
        "Files compressed with zstd are read and written with the package zstandard.",
        "pip install 'tablewright[files]'",
    )


def _torn(name: str, why: str, error: Exception) -> Failed:
    return Failed(
        "file-torn",
        "A file is not whole",
        f"{name}: {why} ({type(error).__name__}: {error}). What was read of it before is acknowledged; fetch the file again, and "
        "resume.",
    )
