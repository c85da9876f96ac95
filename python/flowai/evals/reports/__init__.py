"""What is told of results: to people, to build servers, to whoever decides."""
