"""What can end a creation or an update from outside its resources: rollback triggers and the creation's timeout.

Source: API reference, RollbackConfiguration (an alarm that goes to ALARM, or is missing, rolls the operation back; after the
last resource the stack is watched for MonitoringTimeInMinutes) and CreateStack (TimeoutInMinutes).
"""

from __future__ import annotations

from tablewright.local.cloudformation.states import CREATE_IN_PROGRESS
from tablewright.local.cloudformation.work import Work

POLL_S = 15.0
TIMED_OUT = "Stack creation time exceeded the specified timeout."


async def alarm_reason(work: Work) -> str:
    """Watch the triggers for their time; why the operation has to roll back, or empty."""
    configuration = work.stack.deployment.get("rollback") or {}
    arns = [str(trigger["Arn"]) for trigger in configuration.get("RollbackTriggers") or []]
    if not arns:
        return ""
    left = float(configuration.get("MonitoringTimeInMinutes") or 0) * 60
    while True:
        for arn in arns:
            state = await _state(work, arn)
            if state not in ("OK", "INSUFFICIENT_DATA"):
                return f"Rollback trigger {arn} is {'in ALARM state' if state else 'missing'}. "
        if left <= 0 or work.stop:
            return ""
        await work.clock.sleep(min(left, POLL_S))
        left -= POLL_S


async def _state(work: Work, arn: str) -> str:
    """The alarm's state, or empty when it does not exist."""
    stack = work.stack
    name = arn.rsplit(":alarm:", 1)[-1]
    params = {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    found = await work.services.call("cloudwatch", "DescribeAlarms", params, account=stack.account, region=stack.region)
    alarms = [*(found.get("MetricAlarms") or []), *(found.get("CompositeAlarms") or [])]
    return str(alarms[0]["StateValue"]) if alarms else ""


def timed_out(work: Work) -> bool:
    """Whether a creation has taken longer than it may. On the instant clock nothing lasts, and nothing times out."""
    stack = work.stack
    if stack.status != CREATE_IN_PROGRESS or not stack.timeout_minutes or work.clock.profile == "instant":
        return False
    return work.clock.now() - work.operation.started > work.clock.span(stack.timeout_minutes * 60.0)
