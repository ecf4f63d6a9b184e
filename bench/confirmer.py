"""One process of the million's crowd: confirms the submissions that it is told, one commit each; or inserts; or folds."""

import json
import select
import sys
import time

from sqlalchemy import func
from sqlalchemy import select as query

from app import create_app
from bench.ground import SLUG
from core.db import db
from petitions import services, signature_services
from petitions.counting import tallies
from petitions.counting.models import TallyChange
from petitions.models import Submission

LIMIT_TABLE = "bench_limit"


def confirm(ids: list[int]) -> int:
    """As the view does it: the submission and its petition are read, confirmed, committed."""
    for number in ids:
        submission = db.session.get_one(Submission, number)
        signature_services.confirm(services.get(submission.petition_id), submission)
        db.session.commit()
        db.session.remove()
    return len(ids)


def insert(ids: list[int]) -> int:
    """The machine's limit beside it: one small row a commit, through the bare driver."""
    connection = db.engine.raw_connection()
    cursor = connection.cursor()
    for _ in ids:
        cursor.execute("BEGIN IMMEDIATE" if db.engine.dialect.name == "sqlite" else "SELECT 1")
        cursor.execute(f"INSERT INTO {LIMIT_TABLE} VALUES (1)")
        connection.commit()
    connection.close()
    return len(ids)


def fold(ids: list[int]) -> int:
    """Folds as the worker's tick does until nobody listens any more; the most changes that it found waiting."""
    most = 0
    while not select.select([sys.stdin], [], [], 1.0)[0]:
        most = max(most, db.session.scalar(query(func.count()).select_from(TallyChange)) or 0)
        tallies.fold()
    return most


ACTS = {"confirm": confirm, "insert": insert, "fold": fold}

if __name__ == "__main__":
    with create_app().app_context():
        services.get_public(SLUG)
        wanted = json.loads(sys.stdin.readline())
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.process_time()
        done = ACTS[sys.argv[1]](wanted)
        print(json.dumps([done, time.process_time() - began]), flush=True)
