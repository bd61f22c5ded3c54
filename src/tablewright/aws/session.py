"""One AWS session: credentials, region and endpoints settled once, clients made when they are first needed.

botocore's session is used directly (it is what a boto3 session wraps): importing boto3's resource layer as well would only
lengthen the way to the first call.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import botocore.exceptions
import botocore.session
from botocore.config import Config
from botocore.configprovider import (
    BOTOCORE_DEFAUT_SESSION_VARIABLES,
    ConfiguredEndpointProvider,
    ConfigValueStore,
    ConstantProvider,
)
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleProvider,
    DeferredRefreshableCredentials,
    create_credential_resolver,
)
from botocore.loaders import Loader
from botocore.utils import JSONFileCache, get_environ_proxies

from tablewright.aws.error_table import MfaNeeded
from tablewright.aws.errors import Caller, translate, translated
from tablewright.aws.regions import advice
from tablewright.aws.whole import sent_whole
from tablewright.errors import Refused, TablewrightError, UsageError
from tablewright.model.whereabouts import Credentials

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_sts.client import STSClient

__all__ = ["SERVICES", "Session"]

SERVICES = (
    "cloudformation",
    "dynamodb",
    "dynamodbstreams",
    "cloudwatch",
    "logs",
    "sts",
    "s3",
    "ssm",
    "lambda",
    "application-autoscaling",
)
"""Every service that is ever called."""

_PLACED: Mapping[str, str] = {"pricing": "us-east-1"}
"""Services that answer for every region from one (AWS Billing user guide, price list query API endpoints)."""

CONNECT_TIMEOUT_S = 4
READ_TIMEOUT_S = 30
BRISK_TIMEOUTS_S = (3.0, 5.0)
"""To connect, and to be answered; what calls so asks again itself."""
ATTEMPTS = 6
"""botocore's standard mode waits up to 1, 2, 4, 8 and 16 seconds between six attempts."""
LOOPBACK_ATTEMPTS = 3
"""On one's own machine nothing gets better by waiting long."""
POOL = 16

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
_AWS_HOST = re.compile(
    r"(^|\.)(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov)$"
)
_LOOPBACK = re.compile(r"^(localhost|127(\.\d+){3}|::1|.*\.localhost)$")


class Session:
    """Credentials, region and endpoints of one account, and the clients that use them.

    With ``credentials`` given, nothing of the machine's own AWS set-up is looked at: no profile, configuration file,
    environment variable or instance role. Without, botocore's usual chain decides, plus AWS_REGION. ``role_arn`` is a
    role to assume with those credentials. Raises UsageError for a profile, region or endpoint that cannot be.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        role_arn: str | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._given = credentials
        self._found: Any = None
        self._caller = Caller(profile=profile, region=region, endpoint=endpoint_url)
        with translated(self._caller, "aws"):
            if credentials is not None:
                self._core = _isolated(credentials)
                self.region = _checked_region(region or "us-east-1", endpoint_url)
            else:
                self._core = botocore.session.Session(profile=profile)
                self._core.register_component("data_loader", _DATA)
                self.region = _checked_region(region or _own_region(self._core), endpoint_url)
            self._endpoints = self._find_endpoints(endpoint_url)
            self.endpoint = _one_place(self._endpoints)
            if credentials is None:
                self._core.register_component("credential_provider", self._credential_chain(role_arn))
        self.profile = None if credentials is not None else self._core.profile
        self._caller = Caller(profile=self.profile, region=self.region, endpoint=self.endpoint)

    def translated(self, service: str) -> AbstractContextManager[None]:
        """Within it, AWS's errors come out as ours."""
        return translated(self._caller, service)

    def explained(self, error: BaseException, service: str, operation: str = "") -> TablewrightError:
        """The error of ours that says what AWS's or botocore's means."""
        return translate(error, self._caller, service, operation)

    @property
    def ca_bundle(self) -> str | None:
        """The file of trusted certificates that is configured (AWS_CA_BUNDLE, the profile's ca_bundle)."""
        return cast("str | None", self._core.get_config_variable("ca_bundle"))

    def proxies(self, url: str) -> dict[str, str]:
        """The proxies by which the URL is reached, {} for none."""
        return {} if _is_loopback(url) else dict(get_environ_proxies(url))

    def credentials(self, *, renew: bool = False) -> tuple[str, str, str | None] | None:
        """Key, secret and token of now; botocore refreshes what is about to expire. None: there are none.

        ``renew`` asks the whole chain again, so that what was changed on this machine meanwhile (a profile's keys, a new
        sign-in) is found.
        """
        if self._given is not None:
            return self._given.key, self._given.secret, self._given.token
        with self._lock:
            if renew or self._found is None:
                chain: Any = self._core.get_component("credential_provider")
                self._found = chain.load_credentials() if renew else self._core.get_credentials()
            found = self._found
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
        return frozen.access_key, frozen.secret_key, frozen.token

    @property
    def cloudformation(self) -> CloudFormationClient:
        return cast("CloudFormationClient", self.client("cloudformation"))

    @property
    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", self.client("dynamodb"))

    @property
    def cloudwatch(self) -> CloudWatchClient:
        return cast("CloudWatchClient", self.client("cloudwatch"))

    @property
    def logs(self) -> CloudWatchLogsClient:
        return cast("CloudWatchLogsClient", self.client("logs"))

    @property
    def sts(self) -> STSClient:
        return cast("STSClient", self.client("sts"))

    def client(self, service: str) -> Any:
        """The client of one of ``SERVICES``, or of pricing, made at the first call; safe to use from several threads."""
        made = self._clients.get(service)
        if made is None:
            with self._lock:
                made = self._clients.get(service)
                if made is None:
                    made = self._clients[service] = self._create(service)
        return made

    def once(self, service: str) -> Any:
        """The client that sends each request a single time: for what done twice is not the same as done once."""
        with self._lock:
            made = self._clients.get(f"{service} once")
            if made is None:
                made = self._clients[f"{service} once"] = self._create(service, attempts=1)
        return made

    def brisk(self, service: str) -> Any:
        """The client that sends each request a single time and soon gives up: for what is of no use when it comes late."""
        with self._lock:
            made = self._clients.get(f"{service} brisk")
            if made is None:
                made = self._clients[f"{service} brisk"] = self._create(service, attempts=1, timeouts=BRISK_TIMEOUTS_S)
        return made

    def elsewhere(self, service: str, region: str) -> Any:
        """The client of a service in another region of the same account: at AWS's own endpoint, or the one of everything."""
        with self._lock:
            made = self._clients.get(f"{service} in {region}")
            if made is None:
                made = self._clients[f"{service} in {region}"] = self._create(service, region=region)
        return made

    def _create(
        self,
        service: str,
        attempts: int | None = None,
        region: str | None = None,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> Any:
        endpoint = self._endpoints[service] if service in SERVICES and region is None else self.endpoint
        loopback = endpoint is not None and _is_loopback(endpoint)
        usual = LOOPBACK_ATTEMPTS if loopback else ATTEMPTS
        attempts = attempts or self._core.get_config_variable("max_attempts") or usual
        settings: dict[str, Any] = {
            "retries": {"mode": "standard", "total_max_attempts": attempts},
            "connect_timeout": timeouts[0],
            "read_timeout": timeouts[1],
            "max_pool_connections": POOL,
            "user_agent_extra": "tablewright",
        }
        if region is not None:
            settings["ignore_configured_endpoint_urls"] = True  # an endpoint in a VPC serves its own region alone
        if endpoint is not None and service == "s3":
            settings["s3"] = {"addressing_style": "path"}
        if loopback:
            settings["proxies"] = {}  # a proxy must never carry what is meant for this machine
        client = sent_whole(
            self._core.create_client(
                service,
                region_name=region or _PLACED.get(service, self.region),
                endpoint_url=endpoint,
                config=Config(**settings),
            )
        )
        if service == "cloudformation":
            _keep_template_text(client)
        return client

    def _find_endpoints(self, endpoint_url: str | None) -> Mapping[str, str | None]:
        """The endpoint that is configured for each service; None where nothing is, so that AWS's own is used."""
        if endpoint_url is not None:
            return dict.fromkeys(SERVICES, _checked_endpoint(endpoint_url))
        if self._given is not None or self._core.get_config_variable("ignore_configured_endpoint_urls"):
            return dict.fromkeys(SERVICES, None)
        found: dict[str, str | None] = {}
        for service in SERVICES:
            url = ConfiguredEndpointProvider(
                full_config=self._core.full_config,
                scoped_config=self._core.get_scoped_config(),
                client_name=service,
            ).provide()
            found[service] = _checked_endpoint(url) if url else None
        return found

    def _credential_chain(self, role_arn: str | None) -> Any:
        """botocore's chain, with the AWS CLI's cache of assumed roles and an MFA question that never hangs."""
        cache = _RoleCache()
        chain: Any = create_credential_resolver(self._core, cache=cast("Any", cache), region_name=self.region)
        for provider in chain.providers:
            if isinstance(provider, AssumeRoleProvider):
                vars(provider)["_prompter"] = _ask_mfa  # botocore has no other way to replace its getpass
        if role_arn is None:
            return chain
        sts = partial(self._core.create_client, region_name=self.region, endpoint_url=self._endpoints["sts"])
        return _RoleChain(sts, chain, role_arn, cache)


class _QuickLoader(Loader):
    """botocore's data, without a walk over every service's folder to learn which services there are."""

    _KNOWN = (*SERVICES, *_PLACED, "sso", "sso-oidc", "signin")  # the last three: what signing in may call

    def list_available_services(self, type_name: str) -> list[str]:
        return list(self._KNOWN)


_DATA = _QuickLoader()
"""One for every session of the process: reading a service's model takes longer than all else that making its client takes."""


class _RoleChain:
    """Credentials of a role that is assumed, when first needed, with what another chain finds."""

    def __init__(self, client_creator: Any, source: Any, role_arn: str, cache: Any) -> None:
        self._client_creator = client_creator
        self._source = source
        self._role_arn = role_arn
        self._cache = cache

    def load_credentials(self) -> Any:
        source = self._source.load_credentials()
        if source is None:
            return None
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._client_creator,
            source_credentials=source,
            role_arn=self._role_arn,
            extra_args={"RoleSessionName": "tablewright"},
            mfa_prompter=_ask_mfa,
            cache=self._cache,
        )
        return DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


class _RoleCache(JSONFileCache):  # type: ignore[misc, unused-ignore]
    """The AWS CLI's cache of assumed roles, so that an MFA code given to either serves both.

    It only saves time: a home that cannot be written or read is no error.
    """

    def __init__(self) -> None:
        super().__init__(working_dir=str(Path("~/.aws/cli/cache").expanduser()) if _has_home() else os.devnull)

    def __setitem__(self, cache_key: str, value: Any) -> None:
        try:
            super().__setitem__(cache_key, value)
        except OSError:
            return


def _has_home() -> bool:
    try:
        Path.home()
    except (RuntimeError, KeyError):
        return False
    return True


def _ask_mfa(prompt: str) -> str:
    if not (sys.stdin is not None and sys.stdin.isatty()):
        raise MfaNeeded(prompt.strip().rstrip(":"))
    return getpass.getpass(prompt)


def _isolated(credentials: Credentials) -> botocore.session.Session:
    """A session that looks at nothing on this machine: every setting is botocore's default."""
    core = botocore.session.Session()
    core.register_component("data_loader", _DATA)
    defaults: dict[str, Any] = {
        name: ConstantProvider(default) for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for name in ("config_file", "credentials_file"):
        defaults[name] = ConstantProvider(os.devnull)
    defaults["ignore_configured_endpoint_urls"] = ConstantProvider(True)
    for section in ("s3", "proxies_config"):
        defaults[section] = ConstantProvider(None)
    core.register_component("config_store", ConfigValueStore(mapping=defaults))
    core.set_credentials(credentials.key, credentials.secret, credentials.token)
    return core


def _own_region(core: botocore.session.Session) -> str | None:
    """AWS_REGION as the other SDKs and the AWS CLI v2 read it, then what botocore reads."""
    return os.environ.get("AWS_REGION") or cast("str | None", core.get_config_variable("region"))


def _checked_region(region: str | None, endpoint_url: str | None) -> str:
    if region is None:
        raise botocore.exceptions.NoRegionError()
    if endpoint_url is None and not _REGION.fullmatch(region):
        raise UsageError("region-invalid", "That is not a region", f"{region!r} is no AWS region. {advice(region)}")
    return region


def _one_place(endpoints: Mapping[str, str | None]) -> str | None:
    """Where all services are: None for AWS (its interface endpoints in a VPC included), else the one URL.

    Raises Refused when they are at several places: a table's emptiness read at one must never decide about a stack at
    another.
    """
    places = {url if url and not _AWS_HOST.search(urlsplit(url).hostname or "") else None for url in endpoints.values()}
    if len(places) > 1:
        each = "\n".join(f"    {service}: {url or 'AWS'}" for service, url in endpoints.items())
        raise Refused(
            "endpoints-differ",
            "The services are not at one place",
            "AWS_ENDPOINT_URL variables or the profile's endpoint_url send services to different endpoints:\n\n"
            f"{each}\n\nWhat is read at one would decide about another. Set one endpoint for all, or none.",
        )
    return places.pop()


def _checked_endpoint(url: str) -> str:
    """The URL without a closing slash. Raises UsageError for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise UsageError(
            "endpoint-invalid",
            "That is not an endpoint",
            f"{url!r} is no URL of the form http://host:port or https://host.",
        )
    return url.rstrip("/")


def _is_loopback(url: str) -> bool:
    return _LOOPBACK.match(urlsplit(url).hostname or "") is not None


def _keep_template_text(client: Any) -> None:
    """GetTemplate's text as it is stored: botocore would turn a JSON template into a dictionary."""
    from botocore.handlers import json_decode_template_body

    client.meta.events.unregister("after-call.cloudformation.GetTemplate", json_decode_template_body)
