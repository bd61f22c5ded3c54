"""Running work over a dependency graph, as much of it at a time as the order allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping


async def in_order(
    graph: Mapping[str, frozenset[str]], work: Callable[[str], Awaitable[bool]], *, go_on: Callable[[], bool]
) -> bool:
    """Do `work` on every node after the nodes it needs; True when all of it returned True.

    What needs a node whose work failed is left undone. `go_on` is asked before each start: when it says no, nothing more
    starts, and what runs is waited for.
    """
    waiting = dict(graph)
    finished: set[str] = set()
    running: dict[asyncio.Task[bool], str] = {}
    complete = True
    try:
        while True:
            if go_on():
                for name in [n for n, needs in waiting.items() if needs <= finished]:
                    running[asyncio.ensure_future(_work(work, name))] = name
                    del waiting[name]
            if not running:
                return complete and not waiting
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                name = running.pop(task)
                if task.result():
                    finished.add(name)
                else:
                    complete = False
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)


async def _work(work: Callable[[str], Awaitable[bool]], name: str) -> bool:
    return await work(name)


def reversed_graph(graph: Mapping[str, frozenset[str]], nodes: set[str]) -> dict[str, frozenset[str]]:
    """The order of removal among `nodes`: a node goes after everything that needs it."""
    return {
        name: frozenset(other for other in nodes if other != name and name in graph.get(other, frozenset()))
        for name in nodes
    }
