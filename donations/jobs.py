"""Jobs of this room."""

JOBS: dict = {}
TICKS: tuple = ()
