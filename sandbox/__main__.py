"""`python -m sandbox`: serve the sandbox until SIGTERM or SIGINT."""

import argparse
import logging
import os
import re
import signal
import sys
import threading
from pathlib import Path

from . import create_sandbox
from .loopback import NotLoopback
from .server import RunningSandbox, listen


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """The command line; a wrong one ends the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in for Stripe on loopback.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--database", type=Path, required=True, help="the sandbox's own SQLite file")
    parser.add_argument("--webhook-url", required=True, help="where events are posted, on loopback")
    parser.add_argument(
        "--webhook-secret-env",
        required=True,
        metavar="NAME",
        help="the environment variable with the signing secret; of several, by comma or space, the first",
    )
    parser.add_argument("--base-url", help="the sandbox's own address in links (default: from host and port)")
    parser.add_argument("--pause-factor", type=float, default=1.0, help="stretches the pauses between attempts")
    parsed = parser.parse_args(arguments)
    secrets = [word for word in re.split(r"[,\s]+", os.environ.get(parsed.webhook_secret_env, "")) if word]
    if not secrets:
        parser.error(f"{parsed.webhook_secret_env} holds no webhook secret")
    parsed.webhook_secret = secrets[0]
    return parsed


def serve(arguments: argparse.Namespace, stopping: threading.Event) -> None:
    """Serve until `stopping` is set."""
    listening = listen(arguments.host, arguments.port)
    shown_host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    base_url = arguments.base_url or f"http://{shown_host}:{listening.getsockname()[1]}"
    arguments.database.parent.mkdir(parents=True, exist_ok=True)
    app = create_sandbox(
        arguments.database,
        arguments.webhook_url,
        arguments.webhook_secret,
        base_url,
        pause_factor=arguments.pause_factor,
    )
    with RunningSandbox(app, listening):
        print(f"Sandbox listens on {base_url}", flush=True)
        stopping.wait()


def main() -> int:
    """Exit code 0 after a signal, 1 where the address is taken, 2 where it was used wrongly."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # before anything slow, so that an early signal counts too
        signal.signal(number, lambda *_: stopping.set())
    arguments = read_arguments(sys.argv[1:])
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        serve(arguments, stopping)
    except NotLoopback as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The sandbox cannot listen on port {arguments.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
