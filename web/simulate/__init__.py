"""Breaking things on purpose, to see that it is noticed: where the server was started with ``--allow-simulate``."""
