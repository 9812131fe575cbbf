"""Stages: items flow down as fast as they are asked for, and what is too much is dropped as agreed, and counted.

A memory channel connects two tasks, and has one answer to a receiver that is slow: the sender waits. Behind something
that never stops talking, such as a media worker, nobody can wait, and it matters what is lost: of a hundred reports on
the same network the last one will do, but not of a leave. And if one of three receivers is stuck, that should be no
business of the others. A pipeline of stages is for that::

    def attribute(batch):                                     # a list in, any iterable out; may be async
        return [Event(room_of(sample), sample) for sample in batch]

    samples = Source("samples", buffer=Buffer(10_000, "coalesce", key=subject_of))
    events = Stage("attribute", attribute, dispatch=broadcast())
    people = Sink("people", tell)
    log = Sink("log", write)

    events.subscribe(samples)
    people.subscribe(events, max_demand=100)
    log.subscribe(events, buffer=Buffer(2000, "drop_oldest"))

    async with open_supervisor("events", children=[each.spec() for each in (log, people, events, samples)]):
        connection.on_sample = samples.post                   # plain code: never waits, says whether it is in
        ...

**Demand flows up.** A sink asks for ``max_demand`` items, and when those are handled down to ``min_demand`` it asks for
the difference. A `Stage` takes a batch when there is demand for what becomes of it, and a `Source` gives out what was
asked for, and no more. So nothing piles up in the middle: what is too much waits at the top, where it can be refused,
coalesced, or not be produced at all (``produce=``, which is awaited with the number that is asked for).

What was asked for is on its way, and is not coalesced any more. So ``max_demand`` is how old news may get behind a slow
sink: its time for that many, at each step. The default of 1000 is for throughput; where the newest counts, ask for few.

**Batches flow down.** A function is called with a list of items, all from one subscription, in order. What it costs to
switch tasks is paid once for each batch: under load batches grow, and the cost of an item falls. There is a checkpoint
between two batches, so a pipeline gives way to others however much there is to do.

**Who gets what** is the dispatcher's affair, which a source or stage has one of:

* `broadcast`: everything to everyone. What a new subscription gets begins now.
* `partition` by a key: all with the same key to the same subscription, in order. A subscription may ask for one
  partition by name (``subscribe(events, partition="room:blue")``); those that do not share the rest. What nobody is
  there for is dropped, as ``unclaimed``.
* `balance`: each item to whoever has asked for most. For workers that do the same.

**What is lost** is said by a `Buffer`: it waits, fails, drops the oldest or the newest, or coalesces by a key. A source
that is posted to has one, and so has each subscription. By default a subscription loses nothing: a sink that is stuck
holds up its source, and with it everyone there. *Each sink that must not hold up the others needs a buffer that drops
or fails.* One that drops loses something only while others go on: if nobody asks for more, items stay upstream, at last
in the buffer of the source, which decides then.

To coalesce is for items of which some are news about the same thing, and some are of their own: the key of those is
None, and they are neither coalesced nor dropped, nor overtaken. They are bounded all the same. If a buffer is full of
them, then as it says (``kept``) either the source waits, or whoever is too slow gets an `Overflow`: a source raises it
to the one who posts; a sink fails with it, what waited for it is dropped, and when its supervisor runs it again it
begins anew, and may ask for a snapshot of what it missed.

**A failure** of a function ends the stage's run, for its supervisor to run it again. The stage itself, its
subscriptions and what waits in them are not in its task: the next run goes on with them, the others wait meanwhile, or
lose what their buffers say. ``attempts`` is for the batch that was being handled: by default it is dropped, as
``failed``, and so is one whose handling was cancelled. With ``attempts=3`` it is handled again, and dropped when it has
failed three times; with `math.inf` it is never lost. Then it may be handled twice, or half and again.

**Coming and going.** Subscriptions are made and cancelled at any time, from plain code, whether the tasks run or not::

    with sink.subscribe(events, partition="room:blue"):
        await sink.run()

What a cancelled one had not handled goes to the others, from a source that balances or partitions, and is dropped from
one that broadcasts or has ended. A sink that is not run any more has to be unsubscribed: nobody can know that it will
not be back. When a source ends (`Source.close`, or ``produce`` returns nothing), those below handle what is left and
return; such stages are ``transient`` children.

**How is it?** ``statistics()`` of each part tells what it waits for, what came, went, waits, and was dropped and why,
and how long its function took. The figures add up: what came is what went, waits and was dropped. Whoever wants to see
the items themselves sets ``tap`` of a stage or sink to a function, which is shown each batch before it is handled.

**What it is not for.**

* *Concurrency.* Stages are no way to do three things at once with one item; a function that calls three others is
  simpler and as quick. They are for what comes faster than it can be handled, or goes to several who are.
* *State that must be right.* Whoever may lose an item must be able to do without it. Who is in a room is not a stream.
* *Answers.* Items flow one way. To ask and be answered, call a function.
* *Other threads and processes.* Everything here is for the thread Trio runs in, and nothing is written to disk.
* *A cycle of stages.* Each would wait for the next.

There are examples to be run in `nurseries.examples`: `samples`, `workers`, `restored`.
"""

from nurseries.stages.buffers import Buffer, Full, Overflow, QueueStatistics
from nurseries.stages.dispatchers import Dispatcher, Seat, balance, broadcast, partition
from nurseries.stages.downstream import Tap
from nurseries.stages.sink import Sink
from nurseries.stages.source import Source
from nurseries.stages.stage import Stage
from nurseries.stages.statistics import StageStatistics
from nurseries.stages.subscription import Subscription, SubscriptionStatistics

__all__ = [
    "Buffer",
    "Dispatcher",
    "Full",
    "Overflow",
    "QueueStatistics",
    "Seat",
    "Sink",
    "Source",
    "Stage",
    "StageStatistics",
    "Subscription",
    "SubscriptionStatistics",
    "Tap",
    "balance",
    "broadcast",
    "partition",
]
