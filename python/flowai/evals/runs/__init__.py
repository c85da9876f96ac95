"""Runs of datasets: what is asked, what came of it, and where it is kept."""
