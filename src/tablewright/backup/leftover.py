"""What is to be put back after a restore, as steps in the order in which they can be done."""

from __future__ import annotations

from tablewright.model.keeping import Keeping
from tablewright.model.putback import (
    PutBack,
    SetInsights,
    SetKinesis,
    SetPolicy,
    SetProtection,
    SetRecovery,
    SetScaling,
    SetStream,
    SetTags,
    SetTtl,
)

__all__ = ["leftover", "words"]


def leftover(wanted: Keeping, has: Keeping, *, source_arn: str, target_arn: str) -> tuple[PutBack, ...]:
    """What the restored table lacks of what the source has. A policy's own ARNs are made to name the restored table.

    The stream and recovery come first, because what changes from then on matters; protection comes last, so that a step
    that fails leaves a table that can be removed. Tags of AWS's own (``aws:``) cannot be set.
    """
    steps: list[PutBack] = []
    if wanted.recovery_days is not None and has.recovery_days != wanted.recovery_days:
        steps.append(SetRecovery(wanted.recovery_days))
    if wanted.stream is not None and has.stream is None:
        steps.append(SetStream(wanted.stream))
    if wanted.ttl is not None and has.ttl != wanted.ttl:
        steps.append(SetTtl(wanted.ttl))
    tags = {k: v for k, v in wanted.tags.items() if not k.startswith("aws:") and has.tags.get(k) != v}
    if tags:
        steps.append(SetTags(tags))
    if wanted.policy is not None and has.policy is None:
        steps.append(SetPolicy(wanted.policy.replace(source_arn, target_arn)))
    steps += [SetInsights(index, mode) for index, mode in wanted.insights.items() if index not in has.insights]
    steps += [SetKinesis(stream) for stream in wanted.kinesis if stream not in has.kinesis]
    there = {(each.index, each.dimension) for each in has.scaling}
    steps += [SetScaling(each) for each in wanted.scaling if (each.index, each.dimension) not in there]
    if wanted.protection and not has.protection:
        steps.append(SetProtection())
    return tuple(steps)


def words(step: PutBack) -> str:
    """The step in words."""
    match step:
        case SetTtl(attribute):
            return f"TTL on {attribute}"
        case SetRecovery(days):
            return f"point-in-time recovery of {days} days"
        case SetProtection():
            return "deletion protection"
        case SetTags(tags):
            return f"{len(tags)} {'tag' if len(tags) == 1 else 'tags'}"
        case SetPolicy():
            return "the table's own policy"
        case SetStream(view):
            return f"a stream ({view}); it is a new one, whose readers must be pointed at it"
        case SetInsights(index, mode):
            return f"contributor insights of {f'index {index}' if index else 'the table'} ({mode})"
        case SetKinesis(stream):
            return f"the Kinesis destination {stream}"
        case SetScaling(scaling):
            where = f"index {scaling.index}" if scaling.index else "the table"
            return f"auto scaling of {where}, {scaling.minimum} to {scaling.maximum} ({scaling.dimension.rsplit(':', 1)[-1]})"
