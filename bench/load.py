"""A small load client, run as a process of its own: keep-alive connections that send one request after the other.

Each connection waits for its last answer, so that what was acknowledged can be counted in the database to the row."""

import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import quantiles

UNIQUE = "{unique}"  # replaced by sixteen digits that no other request of the run carries
HANGS_AFTER = 20.0
HERE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Order:
    """What to send, to whom, by how many, for how long; by each client at most `most`, 0 for no end.

    `run` keeps the unique digits of several runs apart. With a `secret` the body is JSON, signed as Stripe signs it."""

    port: int
    method: str
    path: str
    body: str = ""
    clients: int = 16
    seconds: float = 5.0
    run: int = 0
    most: int = 0
    secret: str = ""


@dataclass
class Outcome:
    """Answers by status, the seconds they took together, and each one's latency at the 50th and 99th percentile."""

    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    p50: float = 0.0
    p99: float = 0.0

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def drive(order: Order) -> Outcome:
    """Carries out the order in another process, so that the client's own work is not in this one's way."""
    command = [sys.executable, "-m", "bench.load"]
    limit = order.seconds + 2 * HANGS_AFTER
    done = subprocess.run(
        command, input=json.dumps(asdict(order)), stdout=subprocess.PIPE, text=True, check=True, timeout=limit, cwd=HERE
    )
    return Outcome(**json.loads(done.stdout))


def request_maker(order: Order) -> Callable[[bytes], bytes]:
    """Gives the bytes of the request that carries these unique digits."""
    length = len(order.body.replace(UNIQUE, "0" * 16).encode())
    head = [f"{order.method} {order.path} HTTP/1.1", f"Host: 127.0.0.1:{order.port}"]
    if order.body:
        kind = "application/json" if order.secret else "application/x-www-form-urlencoded"
        head += ["Sec-Fetch-Site: same-origin", f"Content-Type: {kind}", f"Content-Length: {length}"]
    first, parts = "\r\n".join(head).encode(), order.body.encode().split(UNIQUE.encode())

    def make(mark: bytes) -> bytes:
        body = mark.join(parts)
        return first + (signature(order.secret, body) if order.secret else b"") + b"\r\n\r\n" + body

    return make


def signature(secret: str, body: bytes) -> bytes:
    """The header by which Stripe signs a webhook. Source: Stripe, Verify webhook signatures manually."""
    now = str(int(time.time()))
    mark = hmac.digest(secret.encode(), now.encode() + b"." + body, "sha256").hex()
    return f"\r\nStripe-Signature: t={now},v1={mark}".encode()


def unique(run: int, client: int, number: int) -> str:
    """The digits of one request of a run."""
    return f"{run:04}{client:04}{number:08}"


def exchange(connection: socket.socket, request: bytes) -> int:
    """Sends one request, reads its whole answer, gives the status."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += receive(connection)
    head, _, rest = answer.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0) - len(rest)
    while left > 0:
        left -= len(receive(connection))
    return int(head[9:12])


def receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise ConnectionError("the server closed the connection before its answer ended")
    return chunk


def one_client(order: Order, number: int, start: threading.Barrier, found: list[tuple[int, float]]) -> None:
    """Adds (status, seconds) for each request; a connection that breaks or hangs ends with status 0."""
    make = request_maker(order)
    with socket.create_connection(("127.0.0.1", order.port), timeout=HANGS_AFTER) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start.wait()
        now = time.perf_counter()
        ends, sent, status = now + order.seconds, 0, -1
        while now < ends and status and (sent < order.most or not order.most):
            try:
                status = exchange(connection, make(unique(order.run, number, sent).encode()))
            except OSError:
                status = 0
            then, now, sent = now, time.perf_counter(), sent + 1
            found.append((status, now - then))


def main() -> None:
    order = Order(**json.load(sys.stdin))
    start = threading.Barrier(order.clients + 1)
    found: list[tuple[int, float]] = []
    threads = [
        threading.Thread(target=one_client, args=(order, number, start, found), daemon=True)
        for number in range(order.clients)
    ]
    for thread in threads:
        thread.start()
    start.wait(HANGS_AFTER)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    cuts = quantiles([latency for _, latency in found], n=100)
    counted = {str(status): count for status, count in Counter(status for status, _ in found).items()}
    json.dump(asdict(Outcome(seconds, counted, cuts[49], cuts[98])), sys.stdout)


if __name__ == "__main__":
    main()
