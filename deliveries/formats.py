"""The file types of a delivery, composed of the core's table writers."""

from core.formats import CSV, xlsx

FORMATS = {"csv": CSV, "xlsx": xlsx("Signatures")}
