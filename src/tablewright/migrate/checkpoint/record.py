"""What a job is, for its checkpoint: all that must be the same when it is resumed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

__all__ = ["EndRecord", "JobRecord"]


@dataclass(frozen=True, slots=True)
class EndRecord:
    """One end as it stood when the job began.

    ``name``: table or path. ``identity``: TableId, or ARN with creation time where there is no id; "" for files. ``keys``:
    each key attribute as ``name:type``, partition key first. ``where``: region, account or endpoint, for people.
    """

    name: str
    identity: str = ""
    keys: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What a checkpoint belongs to. ``transform`` is its fingerprint, ``described`` what it does, in words."""

    job: str
    source: EndRecord
    target: EndRecord
    transform: str
    segments: int
    described: str = ""
    only_new: bool = False
    in_place: bool = False

    def as_json(self) -> str:
        """One JSON object; ``from_json`` reads it."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> JobRecord:
        """The record that ``as_json`` wrote."""
        told = json.loads(text)
        for end in ("source", "target"):
            told[end] = EndRecord(**{**told[end], "keys": tuple(told[end]["keys"])})
        return JobRecord(**told)

    def differences(self, now: JobRecord) -> tuple[str, ...]:
        """Why a run that is asked for ``now`` must not go on with this one; () when it may."""
        found = []
        for word, then_end, now_end in (("source", self.source, now.source), ("target", self.target, now.target)):
            if then_end.name != now_end.name:
                found.append(f"the {word} was {then_end.name} and is {now_end.name}")
            elif then_end.identity != now_end.identity:
                found.append(
                    f"{word} {now_end.name} was deleted and made again: it was {then_end.identity or 'unknown'} and is "
                    f"{now_end.identity or 'unknown'}"
                )
            elif then_end.keys != now_end.keys:
                found.append(f"the {word}'s key was {', '.join(then_end.keys)} and is {', '.join(now_end.keys)}")
        if self.transform != now.transform:
            found.append(f"the transform changed ({self.transform[:12]} … was, {now.transform[:12]} … is)")
        if self.segments != now.segments:
            found.append(f"the source was read in {self.segments} segments, and {now.segments} are asked for")
        if self.only_new != now.only_new:
            found.append("it wrote " + ("only new items" if self.only_new else "over what was there") + " before")
        if self.in_place != now.in_place:
            found.append("it changed the table " + ("in place" if self.in_place else "into another") + " before")
        return tuple(found)
