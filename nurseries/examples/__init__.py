"""Supervisors and stages to be run and changed: ``python -m nurseries.examples.rooms`` prints what its docstring says.

* `rooms`: temporary children, and what becomes of one that fails.
* `pipeline`: ``rest_for_one``, for those who depend on whoever was started before them.
* `pair`: ``one_for_all``, for two who share what neither can have alone.
* `tree`: a supervisor in a supervisor, and how giving up goes from the one to the other.
* `stopping`: the order in which children end, and one that takes too long.
* `samples`: stages behind something that never stops talking; what is newest, and what must not be lost.
* `workers`: items that are produced when somebody has time, and workers that come and go.
* `restored`: a sink that fails, and what becomes of the batch it had.
"""
