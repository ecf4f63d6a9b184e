"""A page cache in front of Flask: what a response calls public is served to everybody for its `s-maxage`.

Only time ends an entry. The key is host, path and a declared query parameter; the conditional header's answer is made
here too, so that a crowd watching the count costs next to nothing. Source: RFC 9111, RFC 9110 §13.1.2."""

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.page_counter import COUNTED, PageCounter

SHARED_AGE = re.compile(r"s-maxage=(\d+)")
LARGEST_BODY = 512 * 1024
MOST_ENTRIES = 512

FILES = ("/static/", "/images/")  # browsers keep these for good; here they would take the room of many pages
LOGS = "/log"  # the public log of a petition may be 32 MB: it is streamed, and answers conditions and ranges itself

DECLARED = re.compile(r"source=[\w.-]{1,40}", re.ASCII)

Key = tuple[str, str, str, str]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Entry:
    headers: list[tuple[str, str]]
    etag: str
    body: bytes
    ends: float
    counted: Any = None  # what each delivery counts as


class PageCache:
    """WSGI middleware. Requests with a cookie, with a query that is not one declared parameter, or for a file, pass by it."""

    def __init__(
        self, app: WSGIApp, clock: Callable[[], float] = time.monotonic, counter: PageCounter | None = None
    ) -> None:
        self.app = app
        self.counter = counter
        self.clock = clock
        self._entries: dict[Key, Entry] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_COOKIE" in environ or (query and not DECLARED.fullmatch(query)):
            return self._pass(environ, start_response)
        key = (environ.get("wsgi.url_scheme", ""), environ.get("HTTP_HOST", ""), environ["PATH_INFO"], query)
        entry = self._entries.get(key)
        if entry is not None and entry.ends > self.clock():
            if entry.counted is not None:
                self._count(entry.counted, environ)
            return _answer(entry, environ, start_response)
        if environ["PATH_INFO"].startswith(FILES) or environ["PATH_INFO"].endswith(LOGS):
            return self.app(environ, start_response)
        return self._fill(key, environ, start_response)

    def _pass(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = self.app(environ, start_response)
        self._count(environ.get(COUNTED), environ)
        return answer

    def _count(self, counted: Any, environ: Environ) -> None:
        if counted is not None and self.counter is not None:
            self.counter.delivered(environ, counted)

    def _fill(self, key: Key, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        conditional = environ.pop("HTTP_IF_NONE_MATCH", None)  # the app must render, the cache compares
        environ.pop("HTTP_IF_MODIFIED_SINCE", None)
        captured: list[Any] = []

        def capture(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            captured[:] = [status, headers]
            return lambda chunk: None

        result = self.app(environ, capture)
        self._count(environ.get(COUNTED), environ)
        status, headers = captured
        age = SHARED_AGE.search(dict(headers).get("Cache-Control", ""))
        if not status.startswith("200") or age is None or "Set-Cookie" in dict(headers):
            start_response(status, headers)
            return result
        body = b"".join(result)
        if hasattr(result, "close"):
            result.close()
        entry = Entry(headers, dict(headers).get("ETag", ""), body, self.clock() + int(age[1]), environ.get(COUNTED))
        self._keep(key, entry)
        if conditional:
            environ["HTTP_IF_NONE_MATCH"] = conditional
        return _answer(entry, environ, start_response)

    def _keep(self, key: Key, entry: Entry) -> None:
        if len(entry.body) > LARGEST_BODY:
            return
        with self._lock:
            if len(self._entries) >= MOST_ENTRIES:
                now = self.clock()
                self._entries = {k: e for k, e in self._entries.items() if e.ends > now}
            if len(self._entries) < MOST_ENTRIES:
                self._entries[key] = entry


def _answer(entry: Entry, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if asked and entry.etag and entry.etag in (tag.strip().removeprefix("W/") for tag in asked.split(",")):
        kept = [(name, value) for name, value in entry.headers if name not in ("Content-Length", "Content-Type")]
        start_response("304 Not Modified", kept)
        return []
    start_response("200 OK", entry.headers)
    return [entry.body]
