"""What a run needs from the world: small protocols, implemented in ``aws/`` and nowhere else.

Every method may raise the errors of ``tablewright.errors`` that ``aws.errors`` maps AWS's codes to; absence is None and
only ever means that AWS said the thing does not exist, never that asking failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Protocol

from tablewright.model.export import Export
from tablewright.model.items import Item, ItemPage
from tablewright.model.keeping import BackedUp, Keeping
from tablewright.model.observed import AlarmState, LogGroupState, MetricQuery, Series, Traffic
from tablewright.model.putback import PutBack
from tablewright.model.series import Asked, MetricId, Reading, ScalingSetting, TopKeys
from tablewright.model.stack import ChangeSet, Stack, StackEvent, StackResource
from tablewright.model.stream import StreamPage, StreamShard
from tablewright.model.table import Backup, Contents, ExpirySample, Table
from tablewright.model.table_policy import TablePolicy
from tablewright.model.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True)
class ChangeSetRequest:
    """What CreateChangeSet is asked for. ``kind`` is CREATE, UPDATE or IMPORT."""

    stack: str
    name: str
    kind: str
    body: str
    token: str
    parameters: Mapping[str, str]
    kept_parameters: tuple[str, ...] = ()  # UsePreviousValue
    tags: Mapping[str, str] | None = None  # None: keep the stack's
    capabilities: tuple[str, ...] = ()
    import_existing: bool = False
    role_arn: str | None = None
    template_url: str | None = None  # when given, sent instead of ``body``
    include_nested: bool = False  # look into nested stacks as well (IncludeNestedStacks)
    revert_drift: bool = False  # go by what the resources are, not by what they were deployed as (REVERT_DRIFT)


class Stacks(Protocol):
    """Reading and removing stacks. ``ref`` is a name or, better, a stack id."""

    def describe(self, ref: str) -> Stack | None: ...

    def resources(self, ref: str) -> tuple[StackResource, ...]: ...

    def events(self, ref: str) -> Iterator[StackEvent]:
        """Newest first; pages lazily, so stop at the first known id."""
        ...

    def template(self, ref: str) -> str:
        """The deployed template, as it was sent (TemplateStage Original)."""
        ...

    def delete(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None: ...

    def continue_rollback(self, stack_id: str, *, token: str, skip: Sequence[str] = ()) -> None: ...

    def roll_back(self, stack_id: str, *, token: str) -> None:
        """RollbackStack: back to the last stable state, for a stack that failed with rollback disabled."""
        ...

    def protect(self, stack_id: str, *, enabled: bool) -> None:
        """Set termination protection."""
        ...


class ChangeSets(Protocol):
    """Making, reading, executing and removing change sets."""

    def create(self, request: ChangeSetRequest) -> ChangeSet:
        """Begin making it. Raises Failed ``no-drift-mode`` where ``revert_drift`` is not known to botocore or the service."""
        ...

    def describe(self, change_set_id: str) -> ChangeSet | None: ...

    def of(self, stack: str) -> tuple[ChangeSet, ...]: ...

    def execute(self, change_set_id: str, *, token: str) -> None: ...

    def delete(self, change_set_id: str) -> None:
        """Remove it; one that is not there any more is no error."""
        ...

    def problems(self, change_set_id: str) -> tuple[StackEvent, ...]:
        """What DescribeEvents says of its failed validations; () where that operation is unknown or denied."""
        ...


class Tables(Protocol):
    """Reading tables."""

    def describe(self, name: str, *, settings: bool = True) -> Table | None:
        """The table with its TTL, recovery window and tags; what may not be asked is None, its reason in ``unknown``.

        ``settings=False`` makes the one call DescribeTable and leaves those out: for polling.
        """
        ...

    def names(self) -> Iterator[str]:
        """The name of every table of the account and region; the next page is asked for only when it is reached."""
        ...

    def contents(self, name: str) -> Contents:
        """Whether the table holds items: a consistent Scan, paged until LastEvaluatedKey is gone or an item is seen.

        Of a global table, in the region of each replica: NOTHING only where all of them were read to their ends.
        """
        ...

    def backups(self, name: str) -> tuple[Backup, ...]: ...

    def expiring(self, name: str, attribute: str, *, now: datetime) -> ExpirySample:
        """How many of the first items read (one page of a Scan) TTL on ``attribute`` would delete at ``now``."""
        ...

    def consumers(self, stream_arn: str) -> tuple[str, ...]:
        """Who reads the stream, as far as AWS can say (Lambda event source mappings); raises when it may not be asked."""
        ...


class TableSettings(Protocol):
    """Changing a table's settings outside its template."""

    def switch_ttl(self, name: str, attribute: str, *, enabled: bool) -> None:
        """Ask for TTL on or off; reading the table says when it is."""
        ...


class Uploads(Protocol):
    """Putting a template where CloudFormation can read it."""

    def put(self, bucket: str, key: str, body: str) -> str:
        """Store the template in an existing bucket and return the URL for TemplateURL."""
        ...


class Objects(Protocol):
    """Reading files out of S3."""

    def keys(self, bucket: str, prefix: str) -> Sequence[str]:
        """Every key below the prefix."""
        ...

    def open(self, bucket: str, key: str) -> IO[bytes]:
        """The object's bytes, as they come; a connection that breaks raises, and is never taken for the end."""
        ...


class Observations(Protocol):
    """Reading what watches the tables."""

    def alarms(self, names: Sequence[str]) -> tuple[AlarmState, ...]: ...

    def log_group(self, name: str) -> LogGroupState | None: ...

    def traffic(
        self, subjects: Sequence[tuple[str, str | None]], *, since: datetime, until: datetime
    ) -> tuple[Traffic, ...]:
        """What was asked of each (table, index or None) in the span, in the subjects' order."""
        ...

    def series(self, queries: Sequence[MetricQuery], *, since: datetime, until: datetime) -> tuple[Series, ...]:
        """What was published of each in the span, in the queries' order."""
        ...


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Credentials as one value, so that they change all at once."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class DataPlane(Protocol):
    """DynamoDB's data path, for a client that speaks HTTP itself: where it is, who asks, and botocore for what is odd."""

    @property
    def url(self) -> str:
        """``https://host`` or ``http://host:port``, as botocore's endpoint rules have it."""
        ...

    @property
    def region(self) -> str:
        """The region that requests are signed for."""
        ...

    @property
    def ca_bundle(self) -> str:
        """File of the certificates that are trusted."""
        ...

    @property
    def direct(self) -> bool:
        """Whether a socket may be opened to it; otherwise a proxy stands between, and everything goes through ``call``."""
        ...

    def keys(self, *, renew: bool = False) -> SigningKeys:
        """The credentials of now, refreshed when they are about to expire; ``renew`` looks for others than were given last."""
        ...

    def call(self, operation: str, body: bytes) -> HttpAnswer:
        """One request through botocore's own HTTP client, signed by it; never retried. Raises when there is no answer."""
        ...

    def refusal(self, operation: str, answer: HttpAnswer) -> Exception:
        """The error of ours for an answer that is no success, as every other call would raise it."""
        ...


class Streams(Protocol):
    """DynamoDB Streams. Besides the usual errors: ``iterator-expired``, ``records-trimmed`` and ``stream-gone`` (all Failed)."""

    def enable(self, table: str) -> None:
        """Turn the table's stream on, with both images; returns before it is on."""
        ...

    def shards(self, stream_arn: str) -> tuple[StreamShard, ...]: ...

    def iterator(self, stream_arn: str, shard: str, after: str) -> str:
        """Where to read on: behind the record with that sequence number, or at the shard's beginning for ""."""
        ...

    def records(self, stream_arn: str, iterator: str) -> StreamPage: ...


class TablePolicies(Protocol):
    """A table's own policy. Besides the usual errors: ``policy-changed`` (Failed), for another revision than was expected."""

    def get(self, table_arn: str) -> TablePolicy: ...

    def put(self, table_arn: str, text: str, *, expected: str | None) -> str:
        """Put it in place of the revision ``expected`` (None: of none); returns its revision."""
        ...

    def delete(self, table_arn: str, *, expected: str | None) -> None:
        """Remove the revision ``expected``; None: whatever there is, nothing included."""
        ...


class Parameters(Protocol):
    """Named values that applications look up (Parameter Store)."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...


class Metrics(Protocol):
    """Reading metrics over time, and what explains them."""

    def listed(self, tables: Sequence[str]) -> tuple[MetricId, ...]:
        """The metrics of these tables, and of the account, that had data in the last two weeks (ListMetrics)."""
        ...

    def series(self, asked: Sequence[Asked], *, since: datetime, until: datetime) -> Reading:
        """The series in the span, in as few calls as CloudWatch allows; one without data is empty."""
        ...

    def top_keys(self, table: str, index: str | None, *, since: datetime, until: datetime) -> TopKeys | None:
        """What contributor insights say of a table or index; None while they are off."""
        ...

    def scaling(self, tables: Sequence[str]) -> tuple[ScalingSetting, ...]:
        """How auto scaling is set for the tables and their indexes; () where nothing is."""
        ...

    def samples(self, table: str, attribute: str) -> tuple[Mapping[str, object], ...]:
        """The keys and one attribute of the items on one page of a Scan, as DynamoDB JSON."""
        ...


class Backups(Protocol):
    """Making, restoring and removing backups, and the settings that a restore leaves behind."""

    def create(self, table: str, name: str) -> Backup: ...

    def describe(self, arn: str) -> BackedUp | None: ...

    def delete(self, arn: str) -> None: ...

    def restore(self, arn: str, target: str) -> None:
        """Begin to restore a backup as a new table."""
        ...

    def restore_to(self, source: str, target: str, *, at: datetime | None) -> None:
        """Begin to restore a table as it was at a time, or at the latest that is possible, as a new table."""
        ...

    def keeping(self, table: str) -> Keeping:
        """The settings that a restore does not bring back; what may not be asked stands in ``unread``."""
        ...

    def put_back(self, table: str, step: PutBack) -> None:
        """Do one step; returns before slow ones have taken effect."""
        ...

    def remove(self, table: str) -> None:
        """Delete a table; whoever calls has made sure that it may go."""
        ...


class Exports(Protocol):
    """Exports of tables to S3."""

    def begin(self, table_arn: str, bucket: str, prefix: str, *, at: datetime | None, token: str) -> Export:
        """Begin to export the table as it was at a time (None: now)."""
        ...

    def describe(self, arn: str) -> Export: ...


class Items(Protocol):
    """Reading and writing items. Requests have DynamoDB's own members (API reference), binary values as base64 text.

    Besides the usual errors: ``condition-failed`` (Failed), where a condition kept a write from happening; ``write-unsure``
    (Failed), where an answer was lost, and it is not known whether the write was made.
    """

    def get(self, request: Mapping[str, object]) -> ItemPage: ...

    def batch(self, table: str, keys: Sequence[Item]) -> tuple[Item, ...]:
        """The items under up to 100 keys, strongly consistent, in no order; keys without an item are left out."""
        ...

    def query(self, request: Mapping[str, object]) -> ItemPage: ...

    def scan(self, request: Mapping[str, object]) -> ItemPage: ...

    def execute(self, request: Mapping[str, object], *, writes: bool = False) -> ItemPage:
        """One PartiQL statement; one that ``writes`` is never made twice."""
        ...

    def put(self, request: Mapping[str, object]) -> ItemPage: ...

    def delete(self, request: Mapping[str, object]) -> ItemPage: ...


class Identity(Protocol):
    """Who is asking, and where."""

    def whereabouts(self) -> Whereabouts: ...

    def endpoint(self) -> str | None:
        """The endpoint that requests go to, None for AWS's own; known without asking anybody."""
        ...


class Clock(Protocol):
    """Time, and waiting; the only ones a run may use. ``steady``: seconds of a clock that nobody sets, from no known moment."""

    def now(self) -> datetime: ...

    def steady(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Tokens(Protocol):
    """Fresh names: client request tokens and change set names."""

    def token(self) -> str: ...


class ProductPrices(Protocol):
    """Reading AWS's price list."""

    def products(self, service: str, wanted: Mapping[str, str]) -> Iterator[str]:
        """The products of a service whose attributes are these, each as JSON: product, terms, publication date."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """The ports of one account and region, as ``account.open_account`` composes them."""

    identity: Identity
    stacks: Stacks
    change_sets: ChangeSets
    tables: Tables
    observations: Observations
    clock: Clock
    tokens: Tokens
    uploads: Uploads | None = None
    metrics: Metrics | None = None
    data: DataPlane | None = None
    streams: Streams | None = None
    policies: TablePolicies | None = None
    parameters: Parameters | None = None
    settings: TableSettings | None = None
    objects: Objects | None = None
    backups: Backups | None = None
    items: Items | None = None
    exports: Exports | None = None
    prices: ProductPrices | None = None
