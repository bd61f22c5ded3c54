"""AWS's price list over its query API, which lives in few regions and knows all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tablewright.aws.session import Session

__all__ = ["AwsPriceList"]


class AwsPriceList:
    """The port ``ProductPrices``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def products(self, service: str, wanted: Mapping[str, str]) -> Iterator[str]:
        """The products of a service with these attributes, each as the JSON that AWS gives; pages until there are no more."""
        request: dict[str, Any] = {
            "ServiceCode": service,
            "FormatVersion": "aws_v1",
            "Filters": [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()],
        }
        while True:
            with self._session.translated("pricing"):
                answer = self._session.client("pricing").get_products(**request)
            yield from answer.get("PriceList", [])
            token = answer.get("NextToken")
            if not token:
                return
            request["NextToken"] = token
