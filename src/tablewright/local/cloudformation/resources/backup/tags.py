"""The tags of a vault or a plan, brought to what a template wants."""

from __future__ import annotations

from tablewright.local.cloudformation.resources.protocol import Handling


async def retag(handling: Handling, arn: str, wanted: dict[str, str]) -> None:
    now = (await handling.call("backup", "ListTags", {"ResourceArn": arn})).get("Tags") or {}
    dropped = sorted(key for key in now if key not in wanted)
    added = {key: value for key, value in wanted.items() if now.get(key) != value}
    if dropped:
        await handling.call("backup", "UntagResource", {"ResourceArn": arn, "TagKeyList": dropped})
    if added:
        await handling.call("backup", "TagResource", {"ResourceArn": arn, "Tags": added})
