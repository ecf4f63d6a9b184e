"""Giving."""

from flask import Blueprint

donations = Blueprint("donations", __name__)
