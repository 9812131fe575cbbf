"""Two people, everything that can go wrong between them, and whether the server says what it is: ``python -m``."""
