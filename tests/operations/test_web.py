from dataclasses import replace

from flask import Flask

from operations.web import serving_processes


def test_without_redis_there_is_exactly_one_serving_process(app: Flask) -> None:
    """Two would each count the limits for themselves."""
    settings = replace(app.config["UNDERSIGNED"], redis_url=None)
    assert serving_processes(settings) == 1
    shared = replace(settings, redis_url="redis://127.0.0.1:6379/0")
    assert (serving_processes(shared) > 1) == (not settings.database_url.startswith("sqlite"))
