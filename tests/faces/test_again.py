"""A suggestion is rewritten to what must be typed here: where to act is not lost between two commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablewright.cli.again import Again
from tablewright.cli.options import Common
from tablewright.cli.target import Target
from tablewright.settings import EnvironmentSettings

SETTINGS = EnvironmentSettings(name="staging", stack="orders-staging", path=Path("tablewright.toml"))


@pytest.mark.parametrize(
    ("common", "stack", "suggested", "fitting"),
    [
        (Common(local=True), "other", "tablewright deploy --stack other", "tablewright deploy --stack other --local"),
        (
            Common(local=True),
            "orders-staging",
            "tablewright deploy --stack orders-staging",
            "tablewright deploy --local",
        ),
        (
            Common(env="staging", region="eu-west-1"),
            "orders-staging",
            "tablewright status --stack orders-staging",
            "tablewright status --region eu-west-1 --env staging",
        ),
        (Common(local=True), "s", "tablewright local start", "tablewright local start"),
        (Common(local=True), "s", "tablewright deploy --help", "tablewright deploy --help"),
        (Common(profile="p"), "s", "aws sso login --profile p", "aws sso login --profile p"),
        (Common(), "s", "tablewright deploy --stack s", "tablewright deploy --stack s"),
        (Common(local=True), "s", "tablewright status --local", "tablewright status --local"),
    ],
)
def test_where_is_kept(common: Common, stack: str, suggested: str, fitting: str) -> None:
    assert Again(common, Target(stack, SETTINGS, {}, {})).command(suggested) == fitting


def test_a_deploy_is_repeated_as_it_was_typed() -> None:
    typed = ["deploy", "t.yaml", "--stack", "s", "--parameters", "A=b c"]
    again = Again(Common(), Target("s", EnvironmentSettings(), {}, {}), typed)
    assert again.command("tablewright deploy --stack s") == "tablewright deploy t.yaml --stack s --parameters 'A=b c'"


def test_where_no_settings_name_the_template_it_is_asked_for() -> None:
    again = Again(Common(region="eu-west-1"), Target("orders", EnvironmentSettings(), {}, {}))
    wanted = "tablewright deploy TEMPLATE --stack orders --region eu-west-1"
    assert again.command("tablewright deploy --stack orders") == wanted
    assert again.command("tablewright status --stack orders") == "tablewright status --stack orders --region eu-west-1"


def test_nothing_stays_nothing() -> None:
    assert Again(Common(local=True)).command(None) is None
