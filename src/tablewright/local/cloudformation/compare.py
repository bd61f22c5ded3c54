"""What differs between two property sets, leaf by leaf. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.local.cloudformation.intrinsics import text
from tablewright.local.cloudformation.resources.protocol import Properties, Recreation, ResourceType

Path = tuple[str | int, ...]

ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One leaf that differs; `before` or `after` is ABSENT when it is added or removed."""

    path: Path
    before: Any
    after: Any

    @property
    def kind(self) -> str:
        if self.before is ABSENT:
            return "Add"
        return "Remove" if self.after is ABSENT else "Modify"

    @property
    def pointer(self) -> str:
        """`/Properties/Tags/0/Value`."""
        return "/".join(["", "Properties", *(str(part) for part in self.path)])


def same(left: Any, right: Any) -> bool:
    """Equality as CloudFormation sees it: `5` and `"5"` are the same value."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, (Mapping, list)) or isinstance(right, (Mapping, list)):
        return False
    if left is None or right is None:
        return left is right
    return text(left) == text(right)


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Every leaf that differs, in the order of the old value and then of what the new one adds."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before:
            yield from differences(before[key], after.get(key, ABSENT), (*path, key))
        for key in after:
            if key not in before:
                yield Difference((*path, key), ABSENT, after[key])
        return
    if isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else ABSENT
            new = after[index] if index < len(after) else ABSENT
            yield from differences(old, new, (*path, index))
        return
    if before is ABSENT or after is ABSENT or not same(before, after):
        yield Difference(path, before, after)


def recreation(kind: ResourceType, before: Properties, after: Properties) -> Recreation:
    """The strongest that any difference asks for."""
    found = {kind.recreation(difference.path, before, after) for difference in differences(before, after)}
    for level in (Recreation.ALWAYS, Recreation.CONDITIONALLY):
        if level in found:
            return level
    return Recreation.NEVER


def custom_name(kind: ResourceType, before: Properties, after: Properties) -> str:
    """The custom name that both have, which makes a replacement impossible; or empty."""
    name = kind.name_property
    if name and before.get(name) and after.get(name) and same(before[name], after[name]):
        return text(after[name])
    return ""
