"""A managed policy added to a template, for the tables that it has."""

from __future__ import annotations

from collections.abc import Iterable

from tablewright.access.grant import Options, table_or_all
from tablewright.access.patterns import Wish
from tablewright.author.editing import Text, put_entry
from tablewright.author.policies import managed_policy, template_policy, template_scope
from tablewright.author.siblings import family
from tablewright.template.read import read_design


def add_policy(text: Text, wishes: Iterable[Wish], tables: Iterable[str], name: str) -> Text:
    """The template with the managed policy as its last resource. Raises UsageError."""
    scope = template_scope(read_design(text.text, stack="stack", path=text.path))
    found = family(text)
    chosen = table_or_all(scope, [found.named(one).logical_id for one in tables])
    asked = tuple(wishes)
    policy = template_policy(scope, asked, chosen, Options())
    described = ", ".join(one.written for one in asked)
    return put_entry(text, ("Resources", name), managed_policy(policy, described), spaced=True)
