"""Parameters of AWS Systems Manager Parameter Store, as pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tablewright.aws.errors import code_of
from tablewright.aws.session import Session

if TYPE_CHECKING:
    from mypy_boto3_ssm.client import SSMClient

__all__ = ["SsmParameters"]


class SsmParameters:
    """The port ``Parameters`` of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _ssm(self) -> SSMClient:
        client: SSMClient = self._session.brisk("ssm")
        return client

    def get(self, name: str) -> str | None:
        """The parameter's value; None where there is none of that name."""
        with self._session.translated("ssm"):
            try:
                return self._ssm.get_parameter(Name=name)["Parameter"].get("Value", "")
            except ClientError as error:
                if code_of(error) == "ParameterNotFound":
                    return None
                raise

    def put(self, name: str, value: str) -> None:
        """Set the parameter, of whatever type it is; made as a String where there is none."""
        with self._session.translated("ssm"):
            try:
                self._ssm.put_parameter(Name=name, Value=value, Overwrite=True)
            except ClientError:
                if self.get(name) is not None:
                    raise
                self._ssm.put_parameter(Name=name, Value=value, Type="String")
