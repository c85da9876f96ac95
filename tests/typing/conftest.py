"""The cases are read by type checkers, never imported."""

collect_ignore_glob = ["accepted/*", "rejected/*"]
