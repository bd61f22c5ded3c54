"""The commands and what each is for, in a line; what the top-level help shows without importing any of them."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "init": "Make a new project: template, script, workflow and settings.",
    "check": "Find what passes every linter and fails, or lies, on AWS.",
    "explain": "Explain a rule of check, or list the rules.",
    "deploy": "Bring a stack to what its template says.",
    "plan": "Show what deploy would do, without doing it.",
    "status": "Show a stack, its tables and what watches them, on one screen.",
    "why": "Say why the last failed operation of a stack failed.",
    "watch": "Show tables as they run: units, throttles, latency, errors, alarms.",
    "diagnose": "Say what is wrong with tables as they run, and what to do.",
    "cost": "Say what tables cost a month, and what would cost less.",
    "backup": "Back tables up, restore them whole, and rehearse it.",
    "items": "Look at items within a budget; write single ones.",
    "log": "List what was run on this machine, and show a run.",
    "add": "Add a table, an index, TTL and the like to the template.",
    "remove": "Remove a table, an index, TTL and the like from the template.",
    "set": "Set a table's billing, class, recovery, protection and the like.",
    "policy": "Write least-privilege policies, check them, and say what they allow.",
    "comment": "Put a page on a pull request as one comment, updated in place.",
    "migrate": "Copy and reshape tables of any size, losing nothing.",
    "local": "Start, stop and look after the embedded AWS.",
}
