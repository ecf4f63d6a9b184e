"""wrk, where it is installed: a load client that costs little beside what it measures."""

import json
import shutil
import subprocess

from bench.load import Order, Outcome, drive
from bench.measure import WrongAnswer

SCRIPT = "bench/post.lua"


def send(order: Order) -> Outcome:
    """Carries out an order by wrk; by our own, heavier client where there is none."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return drive(order)
    url = f"http://127.0.0.1:{order.port}{order.path}"
    kind = ["-H", "Content-Type: application/x-www-form-urlencoded", "-H", "Sec-Fetch-Site: same-origin"]
    command = [
        wrk, "-t1", f"-c{order.clients}", f"-d{max(1, round(order.seconds))}s", "-s", SCRIPT, *(kind if order.body else []),
        url, "--", order.method, str(order.run), order.body,
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    try:
        return Outcome(**json.loads(said.strip().splitlines()[-1]))
    except ValueError:
        raise WrongAnswer(said) from None
