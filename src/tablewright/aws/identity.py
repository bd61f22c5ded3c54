"""Who is asking, and where."""

from __future__ import annotations

from tablewright.aws.session import Session
from tablewright.model.whereabouts import Whereabouts

__all__ = ["StsIdentity"]


class StsIdentity:
    """Identity by GetCallerIdentity, which needs no permission; asked once a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._whereabouts: Whereabouts | None = None

    def endpoint(self) -> str | None:
        """The endpoint that is really used (None: AWS's own), from the configuration alone."""
        return self._session.endpoint

    def whereabouts(self) -> Whereabouts:
        """Account, caller, region, partition, and the endpoint that is really used (None: AWS's own)."""
        if self._whereabouts is None:
            with self._session.translated("sts"):
                answer = self._session.sts.get_caller_identity()
                arn = answer["Arn"]
                account = answer["Account"]
            fields = arn.split(":")
            self._whereabouts = Whereabouts(
                account=account,
                arn=arn,
                region=self._session.region,
                partition=fields[1] if len(fields) > 1 else "aws",
                endpoint=self._session.endpoint,
            )
        return self._whereabouts
