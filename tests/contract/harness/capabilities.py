"""What a backend may lack, and why: a test that needs it is skipped with that reason."""

from __future__ import annotations

from collections.abc import Mapping

CAPABILITIES: Mapping[str, str] = {
    "faults": "AWS fails nothing on demand",
    "instant-clock": "AWS lets a setting like TTL change once an hour only",
    "own-clock": "AWS's time cannot be made to pass",
    "own-account": "others may use the account: what is unique in an account, or lists all of it, is left alone",
    "other-account": "one account is given",
    "records": "on AWS this needs something real beside it (a function)",
    "own-words": "these are the embedded CloudFormation's own words",
}
"""Every capability, and why an account of AWS does not have it. The embedded AWS has them all."""
