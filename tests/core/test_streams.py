"""Long lists come out whole and typed alike on both databases, and leave the session free."""

from flask import Flask
from sqlalchemy import select

from core import clock
from core.db import db
from core.jobs import Job, enqueue
from core.streams import READ_AT_ONCE, stream


def test_rows_come_in_order_with_the_types_that_a_plain_query_gives(app: Flask) -> None:
    with app.app_context():
        enqueue("a 100 %% kind's \\ name", {"n": 1}, key="k%s")
        enqueue("other", {"n": 2})
        db.session.commit()
        query = select(Job.id, Job.kind, Job.key, Job.args, Job.blob, Job.run_at).where(Job.kind != "5 % ' \\ off")
        rows = [tuple(row) for row in stream(query.order_by(Job.id))]
        assert rows == [tuple(row) for row in db.session.execute(query.order_by(Job.id))]
        assert len(rows) == 2 and rows[0][5] <= clock.now()


def test_the_session_is_free_while_a_list_is_read(app: Flask) -> None:
    with app.app_context():
        for number in range(READ_AT_ONCE + 1):
            enqueue("many", {"n": number})
        db.session.commit()
        seen = [db.session.get(Job, job_id) for (job_id,) in stream(select(Job.id).order_by(Job.id))]
        assert len(seen) == READ_AT_ONCE + 1


def test_a_list_that_nobody_reads_to_its_end_leaves_the_database_usable(app: Flask) -> None:
    with app.app_context():
        enqueue("one")
        enqueue("two")
        db.session.commit()
        next(stream(select(Job.id)))
        assert db.session.scalar(select(Job.kind).order_by(Job.id)) == "one"
