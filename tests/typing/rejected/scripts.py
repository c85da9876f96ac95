"""What is no step and no decision is a type error where it is written."""

from __future__ import annotations

from flowai.interpreters import Test

Test(script=[1])  # expect-error
Test(script=[["one", 2]])  # expect-error
Test(decisions=["aprove"])  # expect-error
Test(decisions=[True])  # expect-error
