"""The stores that tests of durable runs are given."""

from tests.durable.storage import storage

__all__ = ["storage"]
