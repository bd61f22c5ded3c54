"""Where credentials, region and endpoint come from, and what is said when they cannot be had."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

import pytest

from tablewright.account import open_account
from tablewright.aws.session import Session
from tablewright.errors import Failed, MustWait, Refused, TablewrightError, UsageError
from tablewright.model.whereabouts import Credentials
from tests.contract.canned import Answer, query_error, serving, xml_answer

pytestmark = pytest.mark.embedded("where tablewright takes credentials from")

IDENTITY = xml_answer(
    "GetCallerIdentity",
    "<Arn>arn:aws-cn:sts::123456789012:assumed-role/deploy/tablewright</Arn><UserId>X</UserId><Account>123456789012</Account>",
)
ROLE = "arn:aws:iam::123456789012:role/deploy"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own with an empty ~/.aws."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / ".aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / ".aws" / "credentials"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return tmp_path


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def _config(home: Path, text: str) -> None:
    (home / ".aws" / "config").write_text(text)


def _refusal(question: Callable[[], object]) -> TablewrightError:
    with pytest.raises(TablewrightError) as caught:
        question()
    return caught.value


@pytest.mark.usefixtures("home")
def test_no_region_is_a_usage_error() -> None:
    refusal = _refusal(open_account)
    assert (refusal.code, type(refusal)) == ("no-region", UsageError)
    assert "--region" in refusal.detail


@pytest.mark.parametrize(("region", "near"), [("us-east1", "us-east-1"), ("ap-northest-2", None), ("US-EAST-1", None)])
@pytest.mark.usefixtures("home")
def test_what_looks_like_no_region_is_a_usage_error(region: str, near: str | None) -> None:
    if region == "ap-northest-2":  # well-formed: only AWS's name servers can say that there is none
        assert Session(region=region).region == region
        return
    refusal = _refusal(lambda: open_account(region=region))
    assert refusal.code == "region-invalid"
    assert region in refusal.detail
    assert near is None or f"Did you mean {near}?" in refusal.detail


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_read_where_other_tools_read_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    _config(home, "[default]\nregion = eu-west-1\n")
    assert Session().region == "eu-west-1"
    monkeypatch.setenv(variable, "ap-northeast-2")
    assert Session().region == "ap-northeast-2"
    assert Session(region="us-west-2").region == "us-west-2"


@pytest.mark.usefixtures("home")
def test_no_credentials_name_the_ways_to_get_some() -> None:
    account = open_account(region="us-east-1", endpoint_url="http://127.0.0.1:9")
    refusal = _refusal(lambda: account.stacks.describe("orders"))
    assert (refusal.code, type(refusal)) == ("no-credentials", UsageError)
    assert "--local" in refusal.detail
    assert refusal.hint == "aws configure sso"


def test_half_of_the_credentials_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    account = open_account(region="us-east-1", endpoint_url="http://127.0.0.1:9")
    refusal = _refusal(lambda: account.stacks.describe("orders"))
    assert refusal.code == "credentials-incomplete"
    assert "AWS_SECRET_ACCESS_KEY" in refusal.detail


@pytest.mark.usefixtures("home")
def test_a_profile_that_is_not_there_is_a_usage_error() -> None:
    refusal = _refusal(lambda: open_account(profile="prod", region="us-east-1"))
    assert refusal.code == "no-such-profile"
    assert "prod" in refusal.detail
    assert refusal.hint == "aws configure list-profiles"


def test_a_malformed_configuration_file_is_named(home: Path) -> None:
    _config(home, "this is not\n[an ini file\n")
    refusal = _refusal(lambda: open_account(region="us-east-1"))
    assert refusal.code == "aws-config-malformed"
    assert str(home / ".aws" / "config") in refusal.detail


@pytest.mark.parametrize("url", ["localhost:4566", "ftp://x", "http://", "http://[::1", "http://host:port"])
@pytest.mark.usefixtures("home")
def test_an_endpoint_that_is_no_url_is_a_usage_error(url: str) -> None:
    assert _refusal(lambda: open_account(region="us-east-1", endpoint_url=url)).code == "endpoint-invalid"


@pytest.mark.usefixtures("home", "keys")
def test_whereabouts_are_what_sts_says_and_where_it_was_asked() -> None:
    with serving(lambda *_: IDENTITY) as canned:
        account = open_account(region="cn-north-1", endpoint_url=canned.endpoint)
        found = account.identity.whereabouts()
        assert account.identity.whereabouts() is found
    assert canned.asked == ["GetCallerIdentity"]
    assert (found.account, found.partition, found.region) == ("123456789012", "aws-cn", "cn-north-1")
    assert found.endpoint == canned.endpoint


@pytest.mark.usefixtures("home", "keys")
def test_an_exported_endpoint_is_used_and_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda *_: IDENTITY) as canned:
        monkeypatch.setenv("AWS_ENDPOINT_URL", canned.endpoint)
        assert open_account(region="us-east-1").identity.whereabouts().endpoint == canned.endpoint
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert Session(region="us-east-1").endpoint is None


def test_a_profiles_endpoint_is_seen(home: Path) -> None:
    _config(home, "[default]\nendpoint_url = http://localhost:4566\n")
    assert Session(region="us-east-1").endpoint == "http://localhost:4566"


@pytest.mark.usefixtures("home")
def test_services_at_different_places_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:8000")
    refusal = _refusal(lambda: open_account(region="us-east-1"))
    assert (refusal.code, type(refusal)) == ("endpoints-differ", Refused)
    assert "dynamodb: http://localhost:8000" in refusal.detail
    assert "cloudformation: AWS" in refusal.detail


@pytest.mark.usefixtures("home")
def test_interface_endpoints_in_a_vpc_are_awss_own(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://vpce-0a1b-cdef.dynamodb.us-east-1.vpce.amazonaws.com"
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
    session = Session(region="us-east-1")
    assert session.endpoint is None
    assert session.client("dynamodb").meta.endpoint_url == url


def test_given_credentials_leave_this_machines_setup_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _config(home, "[an ini file\n")
    for name, value in {
        "AWS_PROFILE": "missing",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "AKIDWRONG",
        "AWS_SESSION_TOKEN": "wrong",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/nowhere",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "NO_PROXY": "",
        "no_proxy": "",
    }.items():
        monkeypatch.setenv(name, value)
    with serving(lambda *_: IDENTITY) as canned:
        account = open_account(endpoint_url=canned.endpoint, credentials=Credentials("000000000000", "local"))
        found = account.identity.whereabouts()
    assert (found.region, found.endpoint) == ("us-east-1", canned.endpoint)
    assert "AKIDWRONG" not in json.dumps(canned.requests)


def test_a_wrong_region_is_said_whatever_the_profiles_are(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "missing")
    refusal = _refusal(lambda: open_account(region="eu-wast", credentials=Credentials("000000000000", "local")))
    assert refusal.code == "region-invalid"
    assert "Did you mean eu-west-" in refusal.detail


def test_secrets_stay_out_of_reprs() -> None:
    assert "local" not in repr(Credentials("000000000000", "local", "token-local"))


def _assumed(operation: str) -> Answer:
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        IDENTITY
        if operation == "GetCallerIdentity"
        else xml_answer(
            "AssumeRole",
            "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            f"<Expiration>{expires}</Expiration></Credentials><AssumedRoleUser><Arn>{ROLE}</Arn>"
            "<AssumedRoleId>A:x</AssumedRoleId></AssumedRoleUser>",
        )
    )


@pytest.mark.usefixtures("keys")
def test_a_role_is_assumed_once_and_its_session_kept_for_the_aws_cli_too(home: Path) -> None:
    with serving(lambda operation, _: _assumed(operation)) as canned:
        for _ in range(2):
            account = open_account(region="us-east-1", endpoint_url=canned.endpoint, role_arn=ROLE)
            assert account.identity.whereabouts().account == "123456789012"
    assert canned.asked == ["AssumeRole", "GetCallerIdentity", "GetCallerIdentity"]
    assert canned.requests[0]["RoleArn"] == ROLE
    assert list((home / ".aws" / "cli" / "cache").glob("*.json"))


@pytest.mark.usefixtures("keys")
def test_a_home_that_cannot_be_written_is_no_error(home: Path) -> None:
    (home / ".aws" / "cli").write_text("a file where the cache's folder would be")
    with serving(lambda operation, _: _assumed(operation)) as canned:
        account = open_account(region="us-east-1", endpoint_url=canned.endpoint, role_arn=ROLE)
        assert account.identity.whereabouts().account == "123456789012"


@pytest.mark.usefixtures("home", "keys")
def test_a_role_that_may_not_be_assumed_is_told_from_a_denied_action() -> None:
    text = f"User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    with serving(lambda *_: query_error("AccessDenied", text, 403)) as canned:
        account = open_account(region="us-east-1", endpoint_url=canned.endpoint, role_arn=ROLE)
        refusal = _refusal(lambda: account.stacks.describe("orders"))
    assert (refusal.code, type(refusal)) == ("role-not-assumable", Failed)
    assert "trust policy" in refusal.detail


def test_a_role_that_wants_mfa_does_not_hang_without_a_terminal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _config(
        home,
        "[profile base]\naws_access_key_id = A\naws_secret_access_key = s\n"
        f"[profile prod]\nrole_arn = {ROLE}\nsource_profile = base\nregion = us-east-1\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/ann\n",
    )
    reader, writer = os.pipe()  # a standard input that never ends
    monkeypatch.setattr("sys.stdin", os.fdopen(reader))
    account = open_account(profile="prod", endpoint_url="http://127.0.0.1:9")
    refusal = _refusal(lambda: account.stacks.describe("orders"))
    os.close(writer)
    assert refusal.code == "mfa-needed"
    assert "mfa/ann" in refusal.detail
    assert refusal.hint == "aws sts get-caller-identity --profile prod"


@pytest.mark.parametrize("cached", [False, True])
def test_an_expired_sign_in_says_how_to_sign_in_again(home: Path, cached: bool) -> None:
    _config(
        home,
        "[profile prod]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = deploy\nregion = us-east-1\n"
        "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n",
    )
    if cached:
        folder = home / ".aws" / "sso" / "cache"
        folder.mkdir(parents=True)
        token = {"accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z", "startUrl": "https://corp.awsapps.com/start"}
        (folder / f"{sha1(b'corp').hexdigest()}.json").write_text(json.dumps(token))
    account = open_account(profile="prod", endpoint_url="http://127.0.0.1:9")
    refusal = _refusal(lambda: account.stacks.describe("orders"))
    assert (refusal.code, type(refusal)) == ("credentials-expired", MustWait)
    assert refusal.hint == "aws sso login --profile prod"


@pytest.mark.usefixtures("home", "keys")
def test_one_session_serves_many_threads() -> None:
    with serving(lambda *_: query_error("ValidationError", "Stack [x] does not exist")) as canned:
        account = open_account(region="us-east-1", endpoint_url=canned.endpoint)
        answers: list[object] = []
        threads = [threading.Thread(target=lambda: answers.append(account.stacks.describe("x"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [None] * 8
