"""Cases in files: how rows are read, checked and written."""
