"""Which regions there are, as far as the installed botocore knows: for advice, never to refuse a newer one by."""

from __future__ import annotations

from difflib import get_close_matches

from botocore.loaders import Loader
from botocore.regions import EndpointResolver

__all__ = ["advice", "is_known"]

_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def is_known(region: str) -> bool:
    """Whether botocore's data names the region for DynamoDB."""
    return region in _known()


def advice(region: str) -> str:
    """What to say of a region that seems to be none: the nearest that is one, or what one looks like."""
    near = get_close_matches(region, _known(), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else "One looks like us-east-1."


def _known() -> list[str]:
    resolver = EndpointResolver(Loader().load_data("endpoints"))
    return [region for name in _PARTITIONS for region in resolver.get_available_endpoints("dynamodb", name)]
