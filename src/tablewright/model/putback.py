"""The steps that put back what a restore leaves behind, one setting each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tablewright.model.keeping import Scaling

__all__ = [
    "PutBack",
    "SetInsights",
    "SetKinesis",
    "SetPolicy",
    "SetProtection",
    "SetRecovery",
    "SetScaling",
    "SetStream",
    "SetTags",
    "SetTtl",
]


@dataclass(frozen=True, slots=True)
class SetTtl:
    attribute: str


@dataclass(frozen=True, slots=True)
class SetRecovery:
    days: int


@dataclass(frozen=True, slots=True)
class SetProtection:
    pass


@dataclass(frozen=True, slots=True)
class SetTags:
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SetPolicy:
    text: str


@dataclass(frozen=True, slots=True)
class SetStream:
    view: str


@dataclass(frozen=True, slots=True)
class SetInsights:
    index: str
    mode: str


@dataclass(frozen=True, slots=True)
class SetKinesis:
    stream: str


@dataclass(frozen=True, slots=True)
class SetScaling:
    scaling: Scaling


PutBack = SetTtl | SetRecovery | SetProtection | SetTags | SetPolicy | SetStream | SetInsights | SetKinesis | SetScaling
