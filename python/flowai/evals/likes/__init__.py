"""How other libraries score, one module each, as settings of the one matcher."""
