"""Time and randomness that a replay can repeat.

While a request is performed, the data plane's modules see one moment (the time at the request's start) and draw ids from
a seed that is kept in the log with the request. Performing the logged request again, on the same state, therefore gives
the same creation times, table ids, ARNs, stream labels, sequence numbers and event ids. Outside a request, and in a
thread that outlives its request, the modules see the real clock and the real random source.
"""

from __future__ import annotations

import contextlib
import datetime as datetime_module
import hashlib
import importlib.abc
import importlib.machinery
import os
import random
import secrets
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

__all__ = ["Moment", "inject", "install", "performing", "replaying"]

_RealDatetime = datetime_module.datetime


class Moment:
    """One request's time (seconds since the epoch) and source of ids."""

    __slots__ = ("_drawn", "_key", "_rng", "live", "replay", "seed", "time")

    def __init__(self, moment: float, seed: bytes, *, replay: bool = False) -> None:
        self.time = moment
        self.seed = seed
        self.replay = replay
        self.live = True
        self._drawn = 0
        self._rng: random.Random | None = None

    def draw(self, count: int) -> bytes:
        """The next `count` bytes of this request's randomness."""
        out = b""
        while len(out) < count:
            self._drawn += 1
            out += hashlib.blake2b(self._drawn.to_bytes(8, "big"), key=self.seed, digest_size=64).digest()
        return out[:count]

    @property
    def rng(self) -> random.Random:
        if self._rng is None:
            self._rng = random.Random(self.draw(16))
        return self._rng


_current: ContextVar[Moment | None] = ContextVar("tablewright_moment", default=None)


@contextlib.contextmanager
def performing(moment: Moment) -> Iterator[None]:
    """Make `moment` the time and randomness of what runs inside, its threads included until this ends."""
    token = _current.set(moment)
    try:
        yield
    finally:
        moment.live = False
        _current.reset(token)


def _moment() -> Moment | None:
    moment = _current.get()
    return moment if moment is not None and moment.live else None


def replaying() -> bool:
    """Whether what runs now (or what started this thread) is a replay, which must not reach outside the process."""
    moment = _current.get()
    return moment is not None and moment.replay


def _now() -> float:
    moment = _moment()
    return time.time() if moment is None else moment.time


def _urandom(count: int) -> bytes:
    moment = _moment()
    return os.urandom(count) if moment is None else moment.draw(count)


def _uuid4() -> uuid.UUID:
    return uuid.UUID(bytes=_urandom(16), version=4)


def _gmtime(seconds: float | None = None) -> time.struct_time:
    return time.gmtime(_now() if seconds is None else seconds)


def _localtime(seconds: float | None = None) -> time.struct_time:
    return time.localtime(_now() if seconds is None else seconds)


def _strftime(form: str, moment: Any = None) -> str:
    return time.strftime(form, _localtime() if moment is None else moment)


class _DatetimeType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDatetime)


class _RequestDatetime(_RealDatetime, metaclass=_DatetimeType):
    """datetime whose "now" is the request's; what it makes are plain datetimes."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _RealDatetime(*args, **kwargs)

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
        return _RealDatetime.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _RealDatetime.fromtimestamp(_now(), datetime_module.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return _RealDatetime.fromtimestamp(_now())


def _drawing(name: str) -> Callable[..., Any]:
    def draw(*args: Any, **kwargs: Any) -> Any:
        moment = _moment()
        return getattr(random if moment is None else moment.rng, name)(*args, **kwargs)

    return draw


def _twin(module: types.ModuleType, **changed: Any) -> types.ModuleType:
    copy = types.ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update(vars(module))
    copy.__dict__.update(changed)
    return copy


_RANDOM_NAMES = ("choice", "choices", "getrandbits", "randbytes", "randint", "random", "randrange", "sample", "shuffle")
_random_twin = _twin(random, uniform=_drawing("uniform"), **{name: _drawing(name) for name in _RANDOM_NAMES})

_TWINS: dict[int, Any] = {
    id(time): _twin(
        time,
        time=lambda: _now(),
        time_ns=lambda: int(_now() * 1e9),
        gmtime=_gmtime,
        localtime=_localtime,
        strftime=_strftime,
    ),
    id(os): _twin(os, urandom=_urandom),
    id(uuid): _twin(uuid, uuid4=_uuid4, uuid1=_uuid4),
    id(random): _random_twin,
    id(secrets): _twin(
        secrets,
        token_bytes=lambda nbytes=32: _urandom(nbytes),
        token_hex=lambda nbytes=32: _urandom(nbytes).hex(),
        token_urlsafe=lambda nbytes=32: _urandom(nbytes).hex(),
        choice=_random_twin.choice,
        randbelow=_random_twin.randrange,
    ),
    id(datetime_module): _twin(datetime_module, datetime=_RequestDatetime),
    id(_RealDatetime): _RequestDatetime,
    id(time.time): _now,
    id(uuid.uuid4): _uuid4,
    id(os.urandom): _urandom,
}


def inject(module: types.ModuleType) -> None:
    """Give a module of the data plane the request's clock and random source in place of the machine's."""
    for name, value in list(vars(module).items()):
        twin = _TWINS.get(id(value))
        if twin is not None and not name.startswith("__"):
            setattr(module, name, twin)


def _leave(module: types.ModuleType) -> None:
    """The amendment of a module that needs none."""


class _InjectingLoader(importlib.abc.Loader):
    def __init__(self, inner: importlib.abc.Loader, finder: _InjectingFinder) -> None:
        self._inner = inner
        self._finder = finder

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        start = threading.Thread.start

        def start_wanted(thread: threading.Thread) -> None:
            if thread.name not in self._finder.unwanted_threads:
                start(thread)

        threading.Thread.start = start_wanted  # type: ignore[method-assign,assignment]
        try:
            self._inner.exec_module(module)
        finally:
            threading.Thread.start = start  # type: ignore[method-assign]
        inject(module)
        self._finder.amend.get(module.__name__, _leave)(module)


class _InjectingFinder(importlib.abc.MetaPathFinder):
    def __init__(
        self,
        prefixes: tuple[str, ...],
        unwanted_threads: frozenset[str],
        amend: Mapping[str, Callable[[types.ModuleType], None]],
    ) -> None:
        self.prefixes = prefixes
        self.unwanted_threads = unwanted_threads
        self.amend = amend

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(self.prefixes):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _InjectingLoader(spec.loader, self)
        return spec


def install(
    prefixes: tuple[str, ...],
    unwanted_threads: frozenset[str],
    amend: Mapping[str, Callable[[types.ModuleType], None]],
) -> None:
    """Inject every module whose name starts with one of `prefixes` as it is imported, then call its `amend` if any.

    Threads named in `unwanted_threads` that such a module starts on import are not started: what they would do at times
    of their own could not be replayed. Must run before the first of those modules is imported.
    """
    early = sorted(name for name in sys.modules if name.startswith(prefixes))
    if early:
        raise RuntimeError(f"imported before their clock could be replaced: {', '.join(early)}")
    sys.meta_path.insert(0, _InjectingFinder(prefixes, unwanted_threads, amend))
