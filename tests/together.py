"""Which tests one worker runs, one after the other, when pytest-xdist spreads them; all others go wherever there is room.

Imported by tests/conftest.py. By path, and not by xdist's own mark: with pytest 9.2 `--dist loadgroup` silently ignores
`xdist_group` (pytest-xdist issue 1386). Two workers then install one program at once, or start real processes side by side."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

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
    """Hands out groups first, the longest before the others, then test by test.

    What xdist 3.8 does after a worker died waits for ever: it hands one test to the new worker, which begins a test only
    when it has the next. Nor does it take the deadly test off the list."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        super()._reschedule(node)
        if not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            self._reschedule(node)

    def remove_node(self, node: WorkerController) -> str | None:
        left = {scope: tests for scope, tests in self.assigned_work[node].items() if not all(tests.values())}
        deadly = next((test for tests in left.values() for test, done in tests.items() if not done), None)
        if deadly is not None:
            left[group(deadly)][deadly] = True
        self.assigned_work[node] = {scope: tests for scope, tests in left.items() if not all(tests.values())}
        super().remove_node(node)
        return deadly


def group(nodeid: str) -> str:
    """The name of the test's group; a test in no group is a group of its own."""
    return next((name for start, name in TOGETHER.items() if nodeid.startswith(start)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None
