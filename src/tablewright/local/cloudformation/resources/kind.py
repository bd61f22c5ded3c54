"""The parts that most resource types share: their name, custom name, attributes, and which properties cannot change in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tablewright.local.cloudformation.naming import physical_name
from tablewright.local.cloudformation.resources.protocol import HandlerError, Properties, Recreation


class Kind:
    """Declarations of a resource type; a subclass adds the handlers."""

    name: ClassVar[str] = ""
    name_property: ClassVar[str] = ""
    name_limit: ClassVar[int] = 255
    name_lower: ClassVar[bool] = False
    attributes: ClassVar[frozenset[str]] = frozenset()
    replaced: ClassVar[frozenset[str]] = frozenset()
    """Top-level properties whose change needs a new physical resource."""

    unread: ClassVar[frozenset[str]] = frozenset()
    """Properties that drift detection does not compare, because the service does not tell them."""

    unserved: ClassVar[frozenset[str]] = frozenset()
    """Properties that AWS has and that nothing here would come of."""

    def unimitated(self, properties: Properties) -> list[str]:
        return sorted(properties.keys() & self.unserved)

    def planned_name(self, stack_name: str, logical_id: str, properties: Properties) -> str:
        given = properties.get(self.name_property) if self.name_property else None
        if given:
            return str(given)
        return physical_name(stack_name, logical_id, limit=self.name_limit, lower=self.name_lower)

    def recreation(self, path: tuple[str | int, ...], before: Properties, after: Properties) -> Recreation:
        return Recreation.ALWAYS if path and path[0] in self.replaced else Recreation.NEVER


def given(properties: Properties, names: Mapping[str, str] | tuple[str, ...]) -> dict[str, Any]:
    """The properties named, under the API's names, that the template gives."""
    pairs = names.items() if isinstance(names, Mapping) else ((name, name) for name in names)
    return {api: properties[name] for name, api in pairs if name in properties}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def merged_tags(stack_tags: Mapping[str, str], properties: Properties, name: str = "Tags") -> dict[str, str]:
    """The tags of a resource: those of the stack, overruled by its own. Raises HandlerError for own ones that are not allowed."""
    own = properties.get(name) or []
    pairs = list(own.items()) if isinstance(own, Mapping) else [(tag["Key"], tag.get("Value", "")) for tag in own]
    keys = [str(key) for key, _ in pairs]
    if taken := [key for key in keys if key.lower().startswith("aws:")]:
        raise HandlerError("InvalidRequest", f"Tag Key cannot be prefixed with aws:, Key: {taken[0]}")
    if twice := [key for number, key in enumerate(keys) if key in keys[:number]]:
        raise HandlerError(
            "InvalidRequest", f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {twice[0]}"
        )
    return {**stack_tags, **{str(key): str(value) for key, value in pairs}}
