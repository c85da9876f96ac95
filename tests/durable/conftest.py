"""The stores that tests of durable runs are given, and the figures that they add to."""

from tests.durable.often import figures
from tests.durable.storage import storage

__all__ = ["figures", "storage"]
