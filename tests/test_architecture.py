"""The house rules of DESIGN.md and of the style page, held by tests: floors, sizes, one reader of settings, no inline code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.syntax import parsed

HERE = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
LONGEST_MODULE = 250
LONGEST_VIEW = 25
MOST_BRANCHES = 7
HONEST_TABLES: dict[str, str] = {
    "petitions/models.py": "one line a column, of all that lies on a signature's way",
    "tools/verify_delivery.py": "no table: it is handed to others as one file, and runs where nothing of ours is",
}
READS_ENVIRONMENT = {
    "config.py": "the only reader of settings",
    "serve.py": "hands its environment on to the processes that it starts, and reads where the data folder is",
    "sandbox/__main__.py": "stands alone: it may not import config, and is handed its webhook secret by name",
}
TRACKED_TEXT = (".py", ".html", ".txt", ".md", ".css", ".svg", ".toml", ".sh", ".cfg", ".ini", ".po", "Makefile", "run")


def our_files() -> list[Path]:
    """Every file of the project: what git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=HERE, capture_output=True, text=True
    )
    if listed.returncode == 0:
        return [HERE / name for name in listed.stdout.splitlines() if (HERE / name).is_file()]
    hidden = {".venv", "instance", "__pycache__", ".git"}  # an unpacked archive has no git
    return [path for path in HERE.rglob("*") if path.is_file() and not hidden & set(path.relative_to(HERE).parts)]


def name(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


FILES = our_files()
MODULES = {name(path): path for path in FILES if path.suffix == ".py"}
CODE = {key: path for key, path in MODULES.items() if not key.startswith(("tests/", "migrations/"))}
TEMPLATES = {name(path): path for path in FILES if path.suffix == ".html"}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef):
            yield node


def is_view(function: ast.FunctionDef) -> bool:
    """Whether a decorator names a route: `@room.get("/…")`, `.post`, `.route`, `.put`, `.delete`."""
    calls = (decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return any(
        isinstance(call, ast.Attribute) and call.attr in ("get", "post", "route", "put", "delete") for call in calls
    )


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def reads_environment(path: Path) -> bool:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.environb", "os.getenv"):
            return True
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        ):
            return True
    return False


def test_imports_go_down_only() -> None:
    result = subprocess.run([BIN / "lint-imports", "--no-cache"], cwd=HERE, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


def test_modules_stay_short() -> None:
    longer = {
        key: lines for key, path in MODULES.items() if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    excepted = {key for key in longer if key in HONEST_TABLES or key.startswith(("migrations/", "tests/"))}
    assert {key: longer[key] for key in longer.keys() - excepted} == {}, (
        "split by noun, or name the table in HONEST_TABLES"
    )


def test_excepted_tables_exist() -> None:
    assert [key for key in HONEST_TABLES if key not in MODULES] == []


def test_views_stay_short() -> None:
    longer = [
        f"{key}: {function.name} has {lines} lines"
        for key, path in CODE.items()
        for function in functions(path)
        if is_view(function) and (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_VIEW
    ]
    assert longer == []


def test_functions_stay_simple() -> None:
    limit = f"lint.mccabe.max-complexity={MOST_BRANCHES}"
    result = subprocess.run(
        [BIN / "ruff", "check", "--isolated", "--no-cache", "--select", "C901", "--config", limit, *CODE],
        cwd=HERE, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout


def test_only_the_gateway_imports_stripe() -> None:
    users = {key for key, path in CODE.items() if any(module.split(".")[0] == "stripe" for module in imported(path))}
    assert users <= {"donations/stripe_gateway.py"}


def test_nobody_imports_the_sandbox() -> None:
    outside = {key: path for key, path in CODE.items() if not key.startswith(("sandbox/", "bench/"))}
    assert [
        key for key, path in outside.items() if any(module.split(".")[0] == "sandbox" for module in imported(path))
    ] == []


def test_only_config_reads_the_environment() -> None:
    readers = {key for key, path in CODE.items() if not key.startswith("bench/") and reads_environment(path)}
    assert readers <= READS_ENVIRONMENT.keys(), "give the value through config.Settings"


INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a script": re.compile(r"<script\b(?! src=\"\{\{ url_for\('static', )", re.I),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a script address": re.compile(r"javascript:", re.I),
    "another origin": re.compile(
        r"<(?:link|img|script|iframe|source|video|audio)\b[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.I
    ),
}


@pytest.mark.parametrize("what", INLINE)
def test_templates_hold_nothing_that_the_policy_forbids(what: str) -> None:
    assert [key for key, path in TEMPLATES.items() if INLINE[what].search(path.read_text())] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a style attribute", '<p style="x">'), ("a style element", "<style>"), ("a script", "<script src=x>"),
        ("an event attribute", '<p class="a" onclick="x()">'), ("a script address", '<a href="javascript:x()">'),
        ("another origin", '<img src="//elsewhere.example/x.png">'), ("another origin", '<link href="https://x.example/a.css">'),
    ],
)  # fmt: skip
def test_the_look_at_templates_sees(what: str, text: str) -> None:
    assert INLINE[what].search(text)


SECRETS = {
    "a live key of Stripe": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{20,}"),
    "a webhook secret": re.compile(r"\bwhsec_[A-Za-z0-9+/]{24,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "somebody's home": re.compile(r"(?<![\w.])/(?:home|Users|root)/[a-z]\w*"),
    "a machine's path": re.compile(r"(?<![\w./-])/(?:work|shared|workspace|mnt|media)/[a-z]"),
}


@pytest.mark.parametrize("what", SECRETS)
def test_no_secret_and_no_path_of_a_machine_is_in_the_files(what: str) -> None:
    texts = [path for path in FILES if path.suffix in TRACKED_TEXT or path.name in TRACKED_TEXT]
    own = Path(__file__).name
    found = [
        name(path) for path in texts if path.name != own and SECRETS[what].search(path.read_text(errors="replace"))
    ]
    assert found == []


def test_every_migration_has_a_way_back() -> None:
    steps = {key: path.read_text() for key, path in MODULES.items() if key.startswith("migrations/versions/")}
    assert steps
    assert [
        key for key, text in steps.items() if not re.search(r"def downgrade\(\).*?\n    (?!pass\b)\S", text, re.S)
    ] == []
