"""Why one person cannot hear or see another: every hop on the way is looked at, and one verdict is given.

`evidence` is what is known, `hops` looks at it, `verdict` says what it comes to: all three without I/O. `gather` asks
the room, the media plane and both pages; `route` is how it is asked for over HTTP.
"""
