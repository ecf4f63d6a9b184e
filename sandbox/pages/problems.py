"""The page that says why something was refused."""

from flask import render_template


def problem_page(message: str, status: int) -> tuple[str, int]:
    """The message with its HTTP status."""
    return render_template("problem.html", message=message), status
