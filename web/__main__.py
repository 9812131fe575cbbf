"""``python -m web`` is ``chatroom``."""

from web.cli import main

main(prog_name="chatroom")
