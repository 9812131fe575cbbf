"""The kernel of the packet path: the fan-out in C, where it could be compiled.

`build` compiles it, `load` finds it, `KernelFanout` is `media.worker.fanout.Fanout` made of it.
"""
