"""Whom alarms tell: the topic that others tell already, one that is given, or a new one; and who reads it by email."""

from __future__ import annotations

import re
from collections.abc import Mapping as Values
from dataclasses import dataclass

from tablewright.author.editing import Text
from tablewright.author.siblings import family, mentions, pascal
from tablewright.author.writing import Call, Value, value_of
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Node, Scalar

TOPIC = "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"
_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")
_EMAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+\.[^\s@\"'<>]+")


@dataclass(frozen=True, slots=True)
class Notice:
    """Whom to tell. ``topic``: a logical ID, a parameter or an ARN; empty for what other alarms tell, or else a new topic."""

    topic: str = ""
    emails: tuple[str, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The actions of an alarm, what must be written besides, and what is to be said about it."""

    actions: tuple[Value, ...]
    resources: Values[str, Value]
    notes: tuple[str, ...] = ()


def told(text: Text, notice: Notice) -> Told:
    """Whom alarms in this template tell by the wish. Raises UsageError for a topic that there is not."""
    for email in notice.emails:
        if not _EMAIL.fullmatch(email):
            raise UsageError("malformed-option", "The address is malformed", f"{email!r} is no email address.")
    if notice.silent and (notice.topic or notice.emails):
        raise UsageError(
            "contradictory-options", "Options contradict each other", "--no-topic tells nobody; --topic and --email do."
        )
    if notice.silent:
        return Told((), {}, ("the alarms tell nobody: their state is to be read elsewhere",))
    resources: dict[str, Value] = {}
    actions, topic, condition = _actions(text, notice.topic)
    if not actions:
        name = _free(text, "AlarmTopic", resources)
        resources[name] = _new_topic(text)
        topic, actions = Call("Ref", name), (Call("Ref", name),)
    notes: list[str] = []
    for email in notice.emails:
        if topic is None:
            raise UsageError(
                "no-topic",
                "There is no topic to subscribe to",
                "The other alarms of the template tell something that is no topic of it: name one with --topic.",
            )
        if _is_subscribed(text, topic, email):
            notes.append(f"{email} is subscribed already")
            continue
        key = _free(text, f"{pascal(re.sub(r'[^A-Za-z0-9]+', '-', email.partition('@')[0]))}AlarmEmail", resources)
        properties: dict[str, Value] = {"TopicArn": topic, "Protocol": "email", "Endpoint": email}
        subscription: dict[str, Value] = {"Type": SUBSCRIPTION}
        if condition:
            subscription["Condition"] = condition
        resources[key] = {**subscription, "Properties": properties}
        notes.append(f"AWS mails {email} a link once it is deployed: until it is followed, nothing is sent there")
    if not notice.emails and any(key.startswith("AlarmTopic") for key in resources):
        notes.append("nobody is subscribed to the new topic yet: --email ADDRESS subscribes one")
    return Told(tuple(actions), resources, tuple(notes))


def _actions(text: Text, wanted: str) -> tuple[tuple[Value, ...], Value | None, str]:
    """The actions, the topic among them, and the condition under which that topic exists."""
    if wanted:
        return _given(text, wanted)
    for _, node in _resources(text, *_ALARMS):
        found = _property(node, "AlarmActions")
        if found is not None:
            value = value_of(found)
            actions = tuple(value) if isinstance(value, list) else (value,)
            topic = next((key for key, _ in _resources(text, TOPIC) if mentions(found, key)), None)
            return actions, Call("Ref", topic) if topic else _plain_topic(actions), _condition(text, topic)
    topic = next((key for key, _ in _resources(text, TOPIC)), None)
    if topic is None or _condition(text, topic):
        return (), None, ""
    return (Call("Ref", topic),), Call("Ref", topic), ""


def _plain_topic(actions: tuple[Value, ...]) -> Value | None:
    """The one action, where it may be a topic: an ARN that is written out, or a parameter."""
    if len(actions) != 1:
        return None
    only = actions[0]
    if isinstance(only, str):
        return only if _ARN.fullmatch(only) else None
    return only if isinstance(only, Call) and only.name == "Ref" else None


def _given(text: Text, wanted: str) -> tuple[tuple[Value, ...], Value | None, str]:
    if _ARN.fullmatch(wanted):
        return (wanted,), wanted, ""
    topics = [key for key, _ in _resources(text, TOPIC)]
    parameters = text.at(("Parameters",))
    names = [entry.key for entry in parameters.entries] if isinstance(parameters, Mapping) else []
    if wanted not in (*topics, *names):
        known = ", ".join(topics) or "none"
        raise UsageError(
            "no-such-topic",
            "There is no such topic",
            f"{wanted} is neither the ARN of an SNS topic nor a topic or parameter of the template. Its topics: {known}.",
        )
    condition = _condition(text, wanted) if wanted in topics else ""
    if condition:
        raise UsageError(
            "topic-hangs-on-a-condition",
            "The topic is not always there",
            f"{wanted} exists only under {condition}, so an alarm cannot simply refer to it. Leave --topic out: the actions of "
            "the template's other alarms are then taken over.",
        )
    return (Call("Ref", wanted),), Call("Ref", wanted), ""


def _new_topic(text: Text) -> Value:
    """A topic with the tags that all tables share."""
    tags = [table.value("Tags") for table in family(text).tables]
    topic: dict[str, Value] = {"Type": TOPIC}
    shared = tags[0] if tags and all(one == tags[0] for one in tags) else None
    if shared:
        topic["Properties"] = {"Tags": shared}
    return topic


def _is_subscribed(text: Text, topic: Value, email: str) -> bool:
    for _, node in _resources(text, SUBSCRIPTION):
        endpoint, arn = _property(node, "Endpoint"), _property(node, "TopicArn")
        if isinstance(endpoint, Scalar) and endpoint.text == email and arn is not None and value_of(arn) == topic:
            return True
    return False


def _free(text: Text, stem: str, taken: Values[str, Value]) -> str:
    found, number = stem, 2
    while found in taken or text.entry(("Resources", found)) is not None:
        found, number = f"{stem}{number}", number + 1
    return found


def _resources(text: Text, *types: str) -> list[tuple[str, Mapping]]:
    section = text.tree.get("Resources")
    found: list[tuple[str, Mapping]] = []
    for entry in section.entries if isinstance(section, Mapping) else ():
        kind = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
        if isinstance(entry.value, Mapping) and isinstance(kind, Scalar) and kind.text in types:
            found.append((entry.key, entry.value))
    return found


def _property(node: Mapping, key: str) -> Node | None:
    body = node.get("Properties")
    return body.get(key) if isinstance(body, Mapping) else None


def _condition(text: Text, key: str | None) -> str:
    found = text.at(("Resources", key, "Condition")) if key else None
    return found.text if isinstance(found, Scalar) else ""
