"""What the worker does for deliveries: every job and tick of the rooms within, and its checks before mails to many."""

from core.jobs import Handler
from core.worker import Tick
from deliveries.asking import MAKE
from deliveries.clerk import jobs as clerk_jobs
from deliveries.log import jobs as log_jobs
from deliveries.packs import making, store
from deliveries.sampling import jobs as sampling_jobs

JOBS: dict[str, Handler] = {MAKE: making.make, **log_jobs.JOBS, **clerk_jobs.JOBS, **sampling_jobs.JOBS}
TICKS = (*log_jobs.TICKS, *clerk_jobs.TICKS, *sampling_jobs.TICKS, Tick(store.expire, every=300.0))
CHECKS = sampling_jobs.CHECKS
