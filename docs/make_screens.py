"""Makes the pictures of README.md from a site of its own: `.venv/bin/python docs/make_screens.py`.

It starts `serve.py` on a free port with a data folder that goes away, signs and confirms three times as a visitor would,
and takes the petition page and the donation page. Needs Chromium and requirements-dev.txt."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
SCREENS = HERE / "screens"
CASE, PETITION = "almaty-activists", "osce-release-almaty-activists"
SIGNATORIES = (("Ada Example", "IE", "public"), ("Grace Example", "GR", "public"), ("Linus Example", "SE", "counted"))
WIDTH = 1280
PICTURES = {"petition": (f"/petitions/{PETITION}", 1410), "donate": (f"/donate/{CASE}", 1100)}  # path, height
SLOWEST = 60.0  # seconds
LARGEST = 300_000  # bytes


def main() -> int:
    """Exit code: 0 when both pictures are written, 1 when a part of it is not there or not in time."""
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        print("There is no Chromium here: apt-get install chromium-headless-shell", file=sys.stderr)
        return 1
    SCREENS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_site(Path(folder)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for name, country, visibility in SIGNATORIES:
            sign_and_confirm(browser, url, name=name, country=country, visibility=visibility)
        for name in PICTURES:
            take(browser, url, name)
        browser.close()
    return 0


@contextlib.contextmanager
def running_site(data: Path) -> Iterator[str]:
    """The address of a whole site with the demo case; it ends with the block."""
    port = free_port()
    environment = {"UNDERSIGNED_DATA": str(data), "PORT": str(port)}  # nothing of the caller's own settings
    command = [sys.executable, str(HERE.parent / "serve.py")]
    with subprocess.Popen(command, cwd=HERE.parent, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for_announcement(process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def free_port() -> int:
    """A port that is free and whose next one, which the Stripe sandbox takes, is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError, OverflowError):
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            second.bind(("127.0.0.1", port + 1))
            return port


def wait_for_announcement(process: subprocess.Popen[str]) -> None:
    """Reads what the site prints up to its last line. Raises RuntimeError when it ends before."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Login:"):
            return
    raise RuntimeError("The site did not start; serve.py says why.")


def sign_and_confirm(browser: Browser, url: str, *, name: str, country: str, visibility: str) -> None:
    """One signature, from the form over the kept mail to the button."""
    email = f"{name.split()[0].lower()}@example.org"
    page = browser.new_context().new_page()
    page.goto(f"{url}/petitions/{PETITION}")
    page.get_by_label("Full name").fill(name)
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Country", exact=True).select_option(country)
    page.locator(f"input[name=visibility][value={visibility}]").check()
    page.get_by_role("button", name="Sign the petition").click()
    page.goto(f"{url}/dev/mail")
    mail = page.get_by_role("listitem").filter(has_text=email).get_by_role("link", name="Please confirm")
    reload_until(page, lambda: mail.count() > 0)
    mail.first.click()
    page.locator(".mail a[href$='/confirm']").click()
    page.get_by_role("button", name="Confirm my signature").click()
    page.context.close()


def take(browser: Browser, url: str, name: str) -> None:
    """One picture, once the page shows every signature."""
    path, height = PICTURES[name]
    page = browser.new_context(viewport={"width": WIDTH, "height": height}, color_scheme="light").new_page()
    page.goto(url + path)
    if name == "petition":
        shown = page.locator(".count .big", has_text=re.compile(rf"^\s*{len(SIGNATORIES)}\s*$"))
        reload_until(page, lambda: shown.count() > 0)
    target = SCREENS / f"{name}.png"
    page.screenshot(path=target)
    page.context.close()
    if target.stat().st_size > LARGEST:
        raise RuntimeError(f"{target.name} has {target.stat().st_size} bytes, more than {LARGEST}.")


def reload_until(page: Page, look: Callable[[], bool]) -> None:
    """Looks again, as a person would. Raises TimeoutError."""
    end = time.monotonic() + SLOWEST
    while not look():
        if time.monotonic() > end:
            raise TimeoutError(f"{page.url} does not show it.")
        page.wait_for_timeout(300)
        page.reload()


if __name__ == "__main__":
    sys.exit(main())
