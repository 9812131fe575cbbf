"""A network one can break: a relay for packets and streams, which does to them what a bad network does, from a seed.

It is announced to the browsers in the media worker's place. Each person has a port of the relay of their own, so each
has a link of their own, up and down: with loss (even or in bursts), delay, jitter, reordering, duplicates, a rate with
a queue, cuts, blocked protocols, and moves to another address. What is decided is decided by `link.Link`, which knows
no clock and no sockets, so the same packets at the same times fare the same, anywhere and without being root.

``python -m tests.network --help`` runs it by hand; `process.running_network` beside a test or a benchmark.
"""
