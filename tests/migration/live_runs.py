"""Running live migrations: by the library in this process, by the command line in others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tablewright.account import open_account
from tablewright.aws.clock import SystemClock
from tablewright.cli.migrate_transform import maker, title
from tablewright.events import Finished
from tablewright.migrate.job import Options, Place, TableAt
from tablewright.migrate.live.journal import Journal
from tablewright.migrate.live.options import LiveOptions
from tablewright.migrate.live.run import LiveEvent, live
from tablewright.migrate.live.states import State
from tablewright.migrate.live.watching.run import JOURNAL, kept
from tablewright.migrate.request import Request
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Clock
from tests.conftest import EmbeddedAws
from tests.migration.sessions import KEYS, NEW, OLD, POINTER, Application, app_client, make_tables, seed
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Rehearsal:
    """One account with the sessions' two tables, a pointer, and an application that writes."""

    aws: EmbeddedAws
    account: str
    folder: Path
    sessions: int = 200
    flags: dict[str, list[str]] = field(default_factory=lambda: dict(KEYS))
    options: LiveOptions = field(
        default_factory=lambda: LiveOptions(pause=180, quiet=0.4, settle=0.2, parameter=POINTER)
    )
    suspend_ttl: bool = False
    dead_letters: int = 0
    clock: Clock = field(default_factory=SystemClock)
    through: str | None = None
    """Where tablewright finds its endpoint, if not at the embedded AWS itself."""

    def __post_init__(self) -> None:
        self.client = self.aws.client("dynamodb", account=self.account)
        self.ssm = self.aws.client("ssm", account=self.account)
        make_tables(self.client)
        held = seed(self.client, self.sessions)
        self.ssm.put_parameter(Name=POINTER, Value=OLD, Type="String")
        self.app = Application(app_client(self.aws, self.account), self.where, held)
        self.folder.mkdir(parents=True, exist_ok=True)

    def where(self) -> str:
        """The table in use."""
        return str(self.ssm.get_parameter(Name=POINTER)["Parameter"]["Value"])

    def arn(self, table: str) -> str:
        """The table's ARN."""
        return str(self.client.describe_table(TableName=table)["Table"]["TableArn"])

    def policy(self, table: str) -> str | None:
        """The table's own policy."""
        try:
            return str(self.client.get_resource_policy(ResourceArn=self.arn(table))["Policy"])
        except self.client.exceptions.PolicyNotFoundException:
            return None

    def may_write(self, table: str) -> bool:
        """Whether the application may write to a table now."""
        try:
            key = {"PK": {"S": "probe"}, "SK": {"S": "META"}} if table == NEW else {"sessionId": {"S": "probe"}}
            self.app.client.delete_item(TableName=table, Key=key)
        except self.app.client.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            return False
        return True

    # ------------------------------------------------------------- the library

    def request(self, **changes: Any) -> Request:
        """What is asked for."""
        credentials = Credentials(self.account, "local")
        place = Place(region="us-east-1", endpoint_url=self.through or self.aws.endpoint, credentials=credentials)
        asked = {"flags": self.flags}
        request = Request(
            source=TableAt(OLD, place),
            target=TableAt(NEW, place),
            root=self.folder,
            locks=self.folder / "locks",
            make=maker(asked),
            spec=asked,
            title=title(asked),
            options=Options(segments=2, dead_letters=self.dead_letters),
            suspend_ttl=self.suspend_ttl,
        )
        return replace(request, **changes)

    def run(
        self, until: State | Callable[[State], bool], *wish: Any, **changes: Any
    ) -> tuple[list[LiveEvent], Finished]:
        """Drive the migration in this process; its events, and its end."""
        if wish:
            journal = self.journal()
            journal.wish(*wish)
            journal.close()
        enough = until if callable(until) else (lambda state: state is until)
        latest = time.monotonic() + 600
        changes.setdefault("stopping", lambda: time.monotonic() > latest)
        events = list(self.events(enough, **changes))
        finished = events[-1]
        assert isinstance(finished, Finished)
        return events, finished

    def events(self, enough: Callable[[State], bool], **changes: Any) -> Iterator[LiveEvent]:
        """As they come."""
        credentials = Credentials(self.account, "local")

        def open_place(place: Place) -> Any:
            return open_account(
                region="us-east-1", endpoint_url=self.through or self.aws.endpoint, credentials=credentials
            )

        return live(self.request(**changes), self.options, open_place, self.clock, until=enough)

    def journal(self) -> Journal:
        """The migration's journal."""
        (folder,) = kept(self.folder)
        return Journal(folder / JOURNAL)

    def state(self) -> State | None:
        """Where it stands; None before it began."""
        if not kept(self.folder):
            return None
        journal = self.journal()
        entered = journal.entered()
        journal.close()
        return entered.state if entered is not None else None

    # --------------------------------------------------------- the command line

    def words(self, verb: str) -> list[str]:
        """A command's words, without what it is about."""
        return [sys.executable, "-m", "tablewright", "migrate", verb, "--endpoint-url", self.aws.endpoint]

    def begin(self) -> list[str]:
        """The words of ``migrate live`` for these tables."""
        keys = [word for value in self.flags["key"] for word in ("--key", value)]
        options = ["--pointer", POINTER, "--pause", "180s", "--quiet", "0.4s", "--settle", "1s", "--segments", "2"]
        return [*self.words("live"), "--source", OLD, "--target", NEW, *keys, *options]

    def spawn(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1",
            "XDG_STATE_HOME": str(self.folder / "xdg"),
        }
        return subprocess.Popen(
            [*command, "--output", "json"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, command: Sequence[str]) -> tuple[int, str]:
        """Run a command to its end: its exit code, and what it said."""
        with self.spawn(command) as process:
            try:
                out, err = process.communicate(timeout=600)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, out + err


@dataclass
class Written(SystemClock):
    """A clock that an application's writes move on: while a machine stalls, no time passes, and so there is no silence."""

    app: Application
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def steady(self) -> float:
        return self.app.writes * 0.02

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.steady())


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until(holds, seconds=300, every=0.05)
