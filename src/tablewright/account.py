"""The composition root: one account and region as the ports that features take."""

from __future__ import annotations

from dataclasses import replace

from tablewright.aws.backups import DynamoDBBackups
from tablewright.aws.change_sets import CloudFormationChangeSets
from tablewright.aws.clock import SystemClock
from tablewright.aws.data_plane import DynamoDBDataPlane
from tablewright.aws.exports import DynamoDBExports
from tablewright.aws.identity import StsIdentity
from tablewright.aws.items import DynamoDBItems
from tablewright.aws.metrics import CloudWatchMetrics
from tablewright.aws.objects import S3Objects
from tablewright.aws.observations import CloudWatchObservations
from tablewright.aws.parameters import SsmParameters
from tablewright.aws.price_list import AwsPriceList
from tablewright.aws.session import Session
from tablewright.aws.stacks import CloudFormationStacks
from tablewright.aws.streams import DynamoDBStreams
from tablewright.aws.table_policies import DynamoDBTablePolicies
from tablewright.aws.table_settings import DynamoDBTableSettings
from tablewright.aws.tables import DynamoDBTables
from tablewright.aws.tokens import RandomTokens
from tablewright.aws.uploads import S3Uploads
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account

__all__ = ["open_account", "open_embedded"]


def open_account(
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    role_arn: str | None = None,
    credentials: Credentials | None = None,
) -> Account:
    """One account and region, ready to be used; nothing is called until something is asked.

    Without ``credentials``, they come from ``profile`` or from wherever the AWS CLI would take them; ``role_arn`` is then a
    role to assume with them. With ``credentials`` (as for the embedded AWS), this machine's profiles, configuration files
    and AWS_* variables are ignored. ``endpoint_url`` sends every service to one place.

    Raises UsageError for a profile, region or endpoint that cannot be, Refused when the environment sends services to
    different endpoints.
    """
    return _composed(
        Session(profile=profile, region=region, endpoint_url=endpoint_url, role_arn=role_arn, credentials=credentials)
    )


def open_embedded(endpoint_url: str, credentials: Credentials, region: str | None = None) -> Account:
    """The embedded AWS as an account. Where a bucket for a large template is missing there, it is made: it is nobody's, costs
    nothing, and a team's own bucket stands in its account only.
    """
    session = Session(region=region, endpoint_url=endpoint_url, credentials=credentials)
    return replace(_composed(session), uploads=S3Uploads(session, makes=True))


def _composed(session: Session) -> Account:
    return Account(
        identity=StsIdentity(session),
        stacks=CloudFormationStacks(session),
        change_sets=CloudFormationChangeSets(session),
        tables=DynamoDBTables(session),
        observations=CloudWatchObservations(session),
        clock=SystemClock(),
        tokens=RandomTokens(),
        uploads=S3Uploads(session),
        metrics=CloudWatchMetrics(session),
        data=DynamoDBDataPlane(session),
        streams=DynamoDBStreams(session),
        policies=DynamoDBTablePolicies(session),
        parameters=SsmParameters(session),
        settings=DynamoDBTableSettings(session),
        objects=S3Objects(session),
        backups=DynamoDBBackups(session),
        items=DynamoDBItems(session),
        exports=DynamoDBExports(session),
        prices=AwsPriceList(session),
    )
