"""Which tests one worker runs, one after the other, when pytest-xdist spreads them; all others go wherever there is room.

Imported by tests/conftest.py. By path, and not by xdist's own mark: with pytest 9.2 `--dist loadgroup` silently ignores
`xdist_group` (pytest-xdist issue 1386). Two workers then install one program at once, or start real processes side by side."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/browser/test_giving_page.py": "site",
    "tests/browser/test_pages.py": "site",
    "tests/browser/test_main_job.py": "processes",  # real processes keep both cores busy
    "tests/browser/test_monthly_job.py": "processes",
    "tests/browser/": "stage",
    "tests/processes/": "processes",
    "tests/sandbox/test_cli.py": "stripe-cli",
}


class Together(LoadScopeScheduling):
    """Hands out groups first, the longest before the others, then test by test."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The name of the test's group; a test in no group is a group of its own."""
    return next((name for start, name in TOGETHER.items() if nodeid.startswith(start)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None
