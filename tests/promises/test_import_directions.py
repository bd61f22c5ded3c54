"""Who may import whom, and which packages only think. The table here is the one in ARCHITECTURE.md, made exact."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tablewright"

LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "events": {"model"},
    "ports": {"model", "errors"},
    "template": {"model", "errors"},
    "plan": {"model", "errors"},
    "deploy": {"plan", "template", "model", "errors", "events"},
    "survey": {"deploy", "plan", "model", "errors"},
    "access": {"model", "errors"},
    "cost": {"model", "errors"},
    "lint": {"access", "template", "model", "errors"},
    "author": {"lint", "cost", "access", "template", "model", "errors"},
    "watch": {"cost", "model", "errors"},
    "backup": {"model", "errors", "events"},
    "items": {"model", "errors"},
    "migrate": {"author", "lint", "cost", "template", "model", "errors", "events"},
    "settings": {"model", "errors"},
    "aws": {"ports", "model", "errors"},
    "account": {"aws", "ports", "model", "errors"},
    "local": set(),
}
"""Layer -> the layers that it may import beside itself. The faces (cli, __main__) and the public API may import all."""

FACES = {"cli", "web", "__main__", "__init__"}

THINKING = set(LAYERS) - {"settings", "aws", "account", "local"}
"""Layers without I/O, clock or randomness, but for their acting modules."""

FILES_BY_NATURE = {
    "deploy/runlog.py",
    "lint/cache.py",
    "lint/cfn_lint_rules.py",
    "lint/process.py",
    "lint/worker.py",
    "migrate/dead_letters.py",
    "migrate/inplace/undo_file.py",
    "migrate/live/hooks.py",
    "migrate/live/journal.py",
    "migrate/live/spool.py",
    "migrate/record.py",
    "migrate/transform/load.py",
    "migrate/verify/report_file.py",
    "migrate/verify/state_file.py",
}
"""Modules of thinking layers whose idea is a file, or a process of its own (cfn-lint's)."""

FOLDERS_BY_NATURE = ("migrate/wire/", "migrate/checkpoint/", "migrate/files/", "migrate/lease/")
"""Packages of thinking layers whose idea is sockets or files."""

ACTING = {"run"}
"""Modules of a thinking layer that act: they may use ports, files and threads. Time and chance come by ports here too."""

IMPURE = {
    "time", "random", "uuid", "secrets", "os", "pathlib", "io", "shutil", "tempfile", "subprocess", "socket", "ssl", "http",
    "urllib", "asyncio", "sqlite3", "logging", "getpass", "sys", "threading", "concurrent", "multiprocessing", "click", "rich",
}  # fmt: skip
"""Modules that reach the world, or that only a face needs."""

EVEN_WHEN_ACTING = {"time", "random", "uuid", "secrets", "getpass", "click", "rich"}

PURE_MODULES = {"urllib.parse"}
PURE_PATHS = {"PurePath", "PurePosixPath", "PureWindowsPath"}
"""Names of pathlib that only think."""

AWS_CLIENTS = {"boto3", "botocore"}


def _modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _layer(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    """The imports and calls of a module, wherever they stand."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)))


def _imports(path: Path) -> Iterator[str]:
    """Every module that is imported, lazily ones included, as an absolute dotted name."""
    package = ("tablewright", *path.relative_to(SOURCE).parent.parts)
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name not in PURE_MODULES)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            if module in PURE_MODULES or (module == "pathlib" and {alias.name for alias in node.names} <= PURE_PATHS):
                continue
            # `from tablewright import aws` imports a submodule, or a name of the public API.
            yield from ([f"{module}.{alias.name}" for alias in node.names] if module == "tablewright" else [module])


def _acts(path: Path) -> bool:
    return path.stem in ACTING and len(path.relative_to(SOURCE).parts) > 1


def _strangers(path: Path) -> set[str]:
    """The layers that a module imports though it may not."""
    layer = _layer(path)
    allowed = {layer, *LAYERS.get(layer, ())}
    if layer in THINKING and (_acts(path) or _name(path).startswith(FOLDERS_BY_NATURE)):
        allowed |= {"ports", "events"}
    return {name.split(".")[1] for name in _imports(path) if name.startswith("tablewright.")} - allowed


def _asks_the_world(node: ast.AST) -> bool:
    """Whether a call opens a file, talks on a terminal, or asks for the time."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in ("open", "print", "input")
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.value.id in ("datetime", "date") and node.func.attr in ("now", "utcnow", "today")
    return False


def test_modules_import_only_the_layers_below_them() -> None:
    found = {_name(path): _strangers(path) for path in _modules() if _layer(path) not in FACES}
    assert {name: strangers for name, strangers in found.items() if strangers} == {}


def test_aws_is_called_from_aws_alone() -> None:
    # local serves AWS's protocols, and reads their models
    elsewhere = [path for path in _modules() if _layer(path) not in ("aws", "local")]
    found = [_name(path) for path in elsewhere if {name.split(".")[0] for name in _imports(path)} & AWS_CLIENTS]
    assert found == []


def test_thinking_modules_reach_nothing() -> None:
    thinking = [
        path
        for path in _modules()
        if _layer(path) in THINKING
        and _name(path) not in FILES_BY_NATURE
        and not _name(path).startswith(FOLDERS_BY_NATURE)
    ]
    assert len(thinking) > 50
    found: list[str] = []
    for path in thinking:
        forbidden = EVEN_WHEN_ACTING if _acts(path) else IMPURE
        found += [f"{_name(path)}: {name}" for name in _imports(path) if name.split(".")[0] in forbidden]
        found += [f"{_name(path)}:{getattr(node, 'lineno', 0)}" for node in _nodes(path) if _asks_the_world(node)]
    assert found == []


def test_the_library_does_not_print() -> None:
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _modules()
        if _layer(path) not in FACES
        for node in _nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Lazy imports and those for types alone count too. The root package offers everything, and is left out."""
    files = {".".join(("tablewright", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in _modules()}
    graph = {name: _needed(path, set(files) - {name}) for name, path in files.items() if "__" not in name}
    assert sum(map(len, graph.values())) > 2000
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def _needed(path: Path, modules: set[str]) -> set[str]:
    """The modules of ours that one imports, a name of a package counted as the module that it may be."""
    froms = (node for node in _nodes(path) if isinstance(node, ast.ImportFrom) and not node.level)
    named = {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
    return (named | set(_imports(path))) & modules


def test_every_layer_has_a_row() -> None:
    layers = {_layer(path) for path in _modules()}
    assert layers - FACES == set(LAYERS) & layers
    assert {"aws", "deploy", "local", "model", "plan", "survey", "template"} <= layers
