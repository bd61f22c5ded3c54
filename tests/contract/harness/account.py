"""An account of AWS, given for the contract suite by environment, and refused unless it is the one whose id was given.

TABLEWRIGHT_CONTRACT_ACCOUNT   the account's twelve-digit id: the consent. Without it, nothing goes to an account
TABLEWRIGHT_CONTRACT_PROFILE   the profile whose credentials are used
TABLEWRIGHT_CONTRACT_REGION    the region; further ones, for replicas, after commas
TABLEWRIGHT_CONTRACT_LEDGERS   where ledgers are kept (`~/.local/state/tablewright/contract`)
TABLEWRIGHT_CONTRACT_ENDPOINT  an endpoint on this machine that plays AWS: what tests the harness itself
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from tests.contract.harness import sweep
from tests.contract.harness.capabilities import CAPABILITIES
from tests.contract.harness.fence import Fence
from tests.contract.harness.ledger import Ledger, Run
from tests.contract.harness.place import REGIONS, Clients, Place

PREFIX = "TABLEWRIGHT_CONTRACT_"
ENVIRONMENT = dict(os.environ)
"""The environment as it was before the tests took the AWS settings out of theirs."""


class Refused(Exception):
    """The account is not used."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What was given by environment."""

    account: str
    profile: str
    regions: tuple[str, ...]
    endpoint: str
    ledgers: Path


def consent(environ: Mapping[str, str]) -> Consent | None:
    """The consent in the environment, None without any. Raises Refused for half of one."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}
    if not given.keys() - {f"{PREFIX}LEDGERS"}:
        return None
    wanted = [f"{PREFIX}{name}" for name in ("ACCOUNT", "PROFILE", "REGION")]
    if missing := [name for name in wanted if name not in given]:
        raise Refused(f"To run over an account, set {', '.join(missing)} too.")
    account, profile, regions = (given[name] for name in wanted)
    if not re.fullmatch(r"\d{12}", account):
        raise Refused(f"{PREFIX}ACCOUNT is {account}, which is not an account id of twelve digits.")
    endpoint = given.get(f"{PREFIX}ENDPOINT", "")
    if endpoint and not re.fullmatch(r"http://127\.0\.0\.1:\d+/?", endpoint):
        raise Refused(f"{PREFIX}ENDPOINT is {endpoint}: it may only be on 127.0.0.1.")
    named = [region.strip() for region in regions.split(",") if region.strip()]
    others = [region for region in REGIONS if region not in named]
    state = Path(environ.get("XDG_STATE_HOME") or Path(environ.get("HOME", "/")) / ".local" / "state")
    ledgers = Path(given.get(f"{PREFIX}LEDGERS") or state / "tablewright" / "contract")
    return Consent(account, profile, tuple([*named, *others][: len(REGIONS)]), endpoint, ledgers)


def session(profile: str, environ: Mapping[str, str]) -> boto3.session.Session:
    """A session of a profile, by the files that were the environment's; exported credentials are not looked at."""
    core = botocore.session.Session(profile=profile)
    for variable, name in (("config_file", "AWS_CONFIG_FILE"), ("credentials_file", "AWS_SHARED_CREDENTIALS_FILE")):
        home = Path(environ.get("HOME", "~")) / ".aws" / ("config" if variable == "config_file" else "credentials")
        core.set_config_variable(variable, environ.get(name) or str(home))
    return boto3.session.Session(botocore_session=core)


def clients(profile: str, endpoint: str, environ: Mapping[str, str]) -> Clients:
    """Clients that go to AWS whatever a profile says of endpoints, or to the endpoint given."""
    made = session(profile, environ)

    def client(service: str, *, region: str, **options: Any) -> Any:
        chosen: dict[str, Any] = {"ignore_configured_endpoint_urls": True, **options}
        config = Config(**chosen)
        return made.client(service, region_name=region, endpoint_url=endpoint or None, config=config)  # type: ignore[call-overload]

    return client


def check_identity(make: Clients, account: str, region: str) -> None:
    """Raises Refused unless the credentials are of the account whose id was given."""
    try:
        found = str(make("sts", region=region).get_caller_identity()["Account"])
    except Exception as error:
        raise Refused(f"Whose credentials these are could not be asked: {error}") from None
    if found != account:
        raise Refused(f"The credentials are of account {found}, and {PREFIX}ACCOUNT says {account}.")


@dataclass(slots=True)
class GivenAccount:
    """A backend: the account, one ledger for the run, a fence around every client."""

    consent: Consent
    make: Clients
    ledger: Ledger
    lacks: Mapping[str, str] = field(default_factory=lambda: dict(CAPABILITIES))
    said: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def opened(cls, given: Consent, environ: Mapping[str, str]) -> GivenAccount:
        """Raises Refused when the caller is not who was consented to; nothing was made by then."""
        make = clients(given.profile, given.endpoint, environ)
        check_identity(make, given.account, given.regions[0])
        name = f"twc{secrets.token_hex(5)}"
        run = Run(name, given.account, given.regions[0], given.endpoint, name)
        return cls(given, make, Ledger.new(given.ledgers, run))

    def place(self) -> Place:
        prefix = f"{self.ledger.run.prefix}-{next(self.numbers)}"
        return Place(
            self.consent.account,
            self.consent.regions,
            prefix,
            self._fenced,
            alone=False,
            verified=False,
            said=self.said,
        )

    def _fenced(self, service: str, *, region: str, **options: Any) -> Any:
        return Fence(self.ledger, region).around(self.make(service, region=region, **options))

    def leave(self, place: Place) -> None:
        """Remove what the test made; what cannot be removed stays in the ledger with the reason."""
        sweep.sweep(self.ledger, self.make)
        if self.said:
            self.ledger.path.with_suffix(".said").write_text("\n".join(self.said) + "\n", encoding="utf-8")
