"""Streaming: a response's chunks are asked for after its request has ended, by whichever thread writes to the socket."""

from collections.abc import Generator, Iterator
from contextvars import Context

from flask import current_app
from flask.ctx import AppContext


def in_own_context(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, each made inside one app context that only this stream sees, with a database session of its own.

    Flask's stream_with_context ends the session between request and stream, and mixes up two streams of one thread."""
    return _run(current_app.app_context(), chunks)


def _run(app_context: AppContext, chunks: Iterator[bytes]) -> Iterator[bytes]:
    own = Context()
    own.run(app_context.push)
    try:
        while (chunk := own.run(next, chunks, None)) is not None:
            yield chunk
    finally:
        if isinstance(chunks, Generator):  # whoever broke the download off, drafts and cursors go
            own.run(chunks.close)
        own.run(app_context.pop)
