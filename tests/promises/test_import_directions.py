"""Who may import whom, and which packages only think. The table here is the one in ARCHITECTURE.md, made exact."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

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
    "watch": {"model", "errors"},
    "backup": {"model", "errors"},
    "items": {"model", "errors"},
    "settings": {"model", "errors"},
    "aws": {"ports", "model", "errors"},
    "account": {"aws", "ports", "model", "errors"},
    "local": set(),
}
"""Layer -> the layers that it may import beside itself. The faces (cli, __main__) and the public API may import all."""

FACES = {"cli", "web", "__main__", "__init__"}

THINKING = set(LAYERS) - {"settings", "aws", "account", "local"}
"""Layers without I/O, clock or randomness, but for their acting modules."""

FILES_BY_NATURE = {"lint/cache.py", "lint/process.py", "lint/worker.py", "deploy/runlog.py"}
"""Modules of thinking layers whose idea is a file, or a process of its own (cfn-lint's)."""

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
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> Iterator[str]:
    """Every module that is imported, lazily ones included, as an absolute dotted name."""
    package = ("tablewright", *path.relative_to(SOURCE).parent.parts)
    for node in ast.walk(_tree(path)):
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


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_a_module_imports_only_the_layers_below_it(path: Path) -> None:
    layer = _layer(path)
    if layer in FACES:
        return
    allowed = {layer, *LAYERS[layer]}
    if layer in THINKING and _acts(path):
        allowed |= {"ports", "events"}
    found = {name.split(".")[1] for name in _imports(path) if name.split(".")[0] == "tablewright" and "." in name}
    assert found <= allowed, f"{_name(path)} imports {sorted(found - allowed)}"


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_aws_is_called_from_aws_alone(path: Path) -> None:
    if _layer(path) in ("aws", "local"):  # local serves AWS's protocols, and reads their models
        return
    assert not {name.split(".")[0] for name in _imports(path)} & AWS_CLIENTS


@pytest.mark.parametrize(
    "path", [p for p in _modules() if _layer(p) in THINKING and _name(p) not in FILES_BY_NATURE], ids=_name
)
def test_thinking_modules_reach_nothing(path: Path) -> None:
    forbidden = EVEN_WHEN_ACTING if _acts(path) else IMPURE
    assert not {name.split(".")[0] for name in _imports(path)} & forbidden
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            assert node.func.id not in ("open", "print", "input"), f"line {node.lineno}"
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            asks_clock = node.func.value.id in ("datetime", "date") and node.func.attr in ("now", "utcnow", "today")
            assert not asks_clock, f"line {node.lineno}"


@pytest.mark.parametrize("path", [p for p in _modules() if _layer(p) not in FACES], ids=_name)
def test_the_library_does_not_print(path: Path) -> None:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno}"


def test_every_layer_has_a_row() -> None:
    layers = {_layer(path) for path in _modules()}
    assert layers - FACES == set(LAYERS) & layers
    assert {"aws", "deploy", "local", "model", "plan", "survey", "template"} <= layers
