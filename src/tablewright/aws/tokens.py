"""Fresh names for requests."""

from __future__ import annotations

import uuid

__all__ = ["RandomTokens"]


class RandomTokens:
    """Client request tokens that no other run makes: they start with ``tablewright-``, so a person sees whose they are."""

    def token(self) -> str:
        """At most 128 characters of ``[A-Za-z0-9-]``, beginning with a letter, as CloudFormation demands."""
        return f"tablewright-{uuid.uuid4()}"
