"""AWS's own price list, read: the products of ``pricing:GetProducts``, and the offer files that AWS publishes for each region.

Both have the same parts: a product with its usage type, and terms with price dimensions. Sources: AWS Billing user guide, "Using
the AWS Price List Query API" and "Bulk API". Traps: what is free is a first band of 0.00; a usage type carries its region's code
in front (none for us-east-1), and those of infrequent access and of replicas end alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from tablewright.cost.prices import Price, PriceList
from tablewright.errors import UsageError

__all__ = ["USAGE_TYPES", "merged", "offer_products", "read_products", "region_code"]

USAGE_TYPES: Mapping[str, tuple[str, str]] = {
    "WriteRequestUnits": ("on-demand.standard.write", "million request units"),
    "ReadRequestUnits": ("on-demand.standard.read", "million request units"),
    "IA-WriteRequestUnits": ("on-demand.infrequent-access.write", "million request units"),
    "IA-ReadRequestUnits": ("on-demand.infrequent-access.read", "million request units"),
    "WriteCapacityUnit-Hrs": ("provisioned.standard.write", "unit-hour"),
    "ReadCapacityUnit-Hrs": ("provisioned.standard.read", "unit-hour"),
    "IA-WriteCapacityUnit-Hrs": ("provisioned.infrequent-access.write", "unit-hour"),
    "IA-ReadCapacityUnit-Hrs": ("provisioned.infrequent-access.read", "unit-hour"),
    "ReplWriteRequestUnits": ("replicated.on-demand.write", "million request units"),
    "ReplWriteCapacityUnit-Hrs": ("replicated.provisioned.write", "unit-hour"),
    "IA-ReplWriteRequestUnits": ("replicated.infrequent-access.on-demand.write", "million request units"),
    "IA-ReplWriteCapacityUnit-Hrs": ("replicated.infrequent-access.provisioned.write", "unit-hour"),
    "TimedStorage-ByteHrs": ("storage.standard", "GB-month"),
    "IA-TimedStorage-ByteHrs": ("storage.infrequent-access", "GB-month"),
    "TimedPITRStorage-ByteHrs": ("backup.continuous", "GB-month"),
    "TimedBackupStorage-ByteHrs": ("backup.on-demand", "GB-month"),
    "RestoreDataSize-Bytes": ("backup.restore", "GB"),
    "Streams-RequestsCount": ("streams.read", "read request"),
    "ChangeDataCaptureUnits-Kinesis": ("streams.kinesis", "change data capture unit"),
    "ExportDataSize-Bytes": ("export.full", "GB"),
    "IncrementalExportDataSize-Bytes": ("export.incremental", "GB"),
    "ImportDataSize-Bytes": ("import", "GB"),
    "CW:AlarmMonitorUsage": ("alarm.metric", "alarm metric-month"),
    "CW:MetricInsightAlarmUsage": ("alarm.insights-metric", "metric analyzed-month"),
    "CW:CompositeAlarmMonitorUsage": ("alarm.composite", "composite alarm-month"),
    "CW:ContributorEventsManaged": ("insights.events", "million events"),
    "CW:ContributorRulesManaged": ("insights.rule", "rule-month"),
}
"""Usage type without its region's code -> the price's name, and what it is for."""

_CODE = re.compile(r"[A-Z]{2,4}\d{0,2}")
"""A region's code in billing: EU, APN2, USW2 ..."""


def read_products(products: Iterable[str | Mapping[str, Any]], region: str, source: str) -> PriceList:
    """The prices of one region. Products of others, and usage types that nothing here asks for, are passed over.

    Raises UsageError ``price-list-malformed`` for what is no price list, or holds two prices for one thing.
    """
    rows: dict[tuple[str, str], Price] = {}
    date = ""
    for each in products:
        body = _object(each)
        attributes = _object(_object(body.get("product")).get("attributes"))
        if attributes.get("regionCode", region) != region:
            continue
        known = _known(str(attributes.get("usagetype", "")))
        if known is None:
            continue
        date = max(date, str(body.get("publicationDate", ""))[:10])
        name, per = USAGE_TYPES[known]
        usd, free = _band(body, name)
        if usd is None:
            continue
        price = Price(
            name, region, usd * (1_000_000 if per.startswith("million") else 1), per, "verified", (source,),
            str(attributes["usagetype"]), free,
        )  # fmt: skip
        before = rows.get((region, name))
        if before is not None and before.usd != price.usd:
            raise _malformed(f"{attributes['usagetype']} has two prices, {before.usd} and {price.usd} a {per}")
        rows[region, name] = price
    if not rows:
        raise _malformed(f"it has no price of DynamoDB for {region}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise _malformed("it does not say when it was published")
    dated = {where: replace(price, date=date) for where, price in rows.items()}
    return PriceList(date, dated, {source: f"AWS's price list, published {date}"})


def offer_products(text: str) -> Iterator[Mapping[str, Any]]:
    """The products of an offer file (index.json of a service and region), each as GetProducts would give it."""
    document = _object(text)
    terms = _object(_object(document.get("terms")).get("OnDemand"))
    published = document.get("publicationDate", "")
    for sku, product in _object(document.get("products")).items():
        yield {"product": product, "terms": {"OnDemand": terms.get(sku, {})}, "publicationDate": published}


def merged(base: PriceList, newer: Iterable[PriceList]) -> PriceList:
    """The base with newer prices in place of its own; what they do not have stays, with its own date."""
    rows, sources, date = dict(base.rows), dict(base.sources), base.date
    for each in newer:
        rows |= each.rows
        sources |= each.sources
        date = max(date, each.date)
    return PriceList(date, rows, sources)


def region_code(products: Iterable[str | Mapping[str, Any]]) -> str:
    """What stands before the usage types of these products, with its hyphen: "APN2-", "" for us-east-1."""
    for each in products:
        usage_type = str(_object(_object(_object(each).get("product")).get("attributes")).get("usagetype", ""))
        known = _known(usage_type)
        if known is not None:
            return usage_type.removesuffix(known)
    return ""


def _known(usage_type: str) -> str | None:
    """The usage type without its region's code; the longest that fits, so that ``IA-`` is no code."""
    if usage_type in USAGE_TYPES:
        return usage_type
    for known in sorted(USAGE_TYPES, key=len, reverse=True):
        code, dash, _ = usage_type.partition(f"-{known}")
        if dash and usage_type == f"{code}-{known}" and _CODE.fullmatch(code) and code != "IA":
            return known
    return None


def _band(body: Mapping[str, Any], name: str) -> tuple[Decimal | None, str]:
    """The price of the last band, and what the bands before it give away; None where all is free."""
    bands: list[tuple[Decimal, str, str]] = []
    for term in _object(_object(body.get("terms")).get("OnDemand")).values():
        for dimension in _object(_object(term).get("priceDimensions")).values():
            told = _object(dimension)
            try:
                usd = Decimal(str(_object(told.get("pricePerUnit")).get("USD")))
            except InvalidOperation:
                raise _malformed(f"{name} has no price in USD") from None
            bands.append((usd, str(told.get("endRange", "Inf")), str(told.get("unit", ""))))
    paid = [usd for usd, _, _ in bands if usd]
    if len(set(paid)) > 1:
        raise _malformed(f"{name} has {len(set(paid))} prices by quantity, which is not understood")
    free = next((f"{end} {unit} a month" for usd, end, unit in bands if not usd and end != "Inf"), "")
    return (paid[0], free) if paid else (None, "")


def _object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=Decimal)
        except ValueError:
            raise _malformed("it is no JSON") from None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _malformed("it is not AWS's format")
    return value


def _malformed(why: str) -> UsageError:
    return UsageError(
        "price-list-malformed",
        "The price list cannot be read",
        f"It is not AWS's price list of a region: {why}. Nothing was changed.",
    )
