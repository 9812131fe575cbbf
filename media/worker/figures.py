"""What flows in a room, as figures for whoever looks for a fault. Nothing is counted per packet for them alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from media.statistics import (
    MAX_CONSUMERS,
    ConsumerStatistics,
    LayerStatistics,
    MediaStatistics,
    ProducerStatistics,
    TransportStatistics,
)
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.router import Participant
from media.worker.subscription import Subscription
from media.worker.tcp import TcpConnection
from media.worker.transport import Transport


def media_statistics(participants: Iterable[Participant], now: float) -> MediaStatistics:
    """Return what these participants send and are sent."""
    participants = list(participants)
    consumers = [
        (participant.id, subscription)
        for participant in participants
        for subscription in participant.subscribe_leg.subscriptions
    ]
    return MediaStatistics(
        transports=[transport for participant in participants for transport in _transports(participant, now)],
        producers=[_producer(producer, now) for participant in participants for producer in participant.producers],
        consumers=[_consumer(*consumer) for consumer in consumers[:MAX_CONSUMERS]],
        complete=len(consumers) <= MAX_CONSUMERS,
    )


def _transports(participant: Participant, now: float) -> Iterable[TransportStatistics]:
    publish, subscribe = participant.publish_leg, participant.subscribe_leg
    if publish is not None:
        bitrate = sum(layer.cost.bitrate for producer in participant.producers for layer in producer.layers)
        yield TransportStatistics(
            *(participant.id, "publish", publish.transport.state, round(float(bitrate), 1), None, None, None, None),
            drops=dict(publish.transport.drops),
            **_connection(publish.transport, now),
        )
    if subscribe.transport is not None:
        forwarding = subscribe.forwarding
        downlink = forwarding.downlink
        yield TransportStatistics(
            participant=participant.id,
            leg="subscribe",
            state=subscribe.transport.state,
            bitrate=round(forwarding.sent, 1),
            budget=round(forwarding.takes, 1) if downlink.known else None,
            estimate=downlink.estimate,
            loss=round(downlink.loss, 4) if downlink.known else None,
            round_trip=downlink.round_trip,
            drops=dict(subscribe.transport.drops),
            unanswered=_ago(subscribe.offered_at, now),
            undecodable=[f"{producer.participant}/{producer.source}" for producer in subscribe.undecodable],
            **_connection(subscribe.transport, now),
        )


def _connection(transport: Transport, now: float) -> dict[str, Any]:
    path, (checks, refused) = transport.path, transport.checks
    carrier = None if path is None else "tcp" if isinstance(path.endpoint, TcpConnection) else "udp"
    return {
        "age": _ago(transport.opened, now),
        "checks": checks,
        "checks_refused": refused,
        "carrier": carrier,
        "dtls": transport.dtls,
        "silent": _ago(transport.heard, now),
    }


def _ago(at: float | None, now: float) -> float | None:
    """Return how many seconds have passed since something, if it was ever."""
    return None if at is None or at == -math.inf else round(max(0.0, now - at), 3)


def _producer(producer: Producer, now: float) -> ProducerStatistics:
    layers = [_layer(layer, now) for layer in producer.layers]
    voice = producer.voice
    return ProducerStatistics(
        *(producer.participant, producer.mid, producer.source, layers, producer.codec.name),
        level=None if voice is None or voice.level is None else round(voice.level, 1),
        quiet=None if voice is None else _ago(voice.sounded_at, now),
        heard=voice is None or voice.forwarded,
    )


def _layer(layer: Layer, now: float) -> LayerStatistics:
    missing = layer.missing.statistics()
    width, height = layer.size or (0, 0)
    return LayerStatistics(
        rid=layer.rid,
        ssrc=layer.stream,
        live=layer.is_live(now),
        used=bool(layer.audience.consumers),
        width=width,
        height=height,
        bitrate=round(layer.cost.bitrate, 1) if layer.is_live(now) else 0.0,
        packets=layer.packets,
        lost=missing.lost,
        recovered=missing.recovered,
        given_up=missing.given_up,
        nacks=layer.nacks,
        repeated=layer.repeated,
        probes=layer.probes,
        plis=layer.keyframes.requests,
        jitter=round(layer.jitter, 6),
        silent=None if layer.newest is None else _ago(layer.arrived, now),
        keyframe=_ago(layer.keyframe_at, now),
        keyframe_wanted=_ago(layer.keyframes.wanted_since, now),
        missed=layer.missed,
        loss=round(layer.loss, 4),
    )


def _consumer(participant: str, subscription: Subscription) -> ConsumerStatistics:
    producer, consumer = subscription.producer, subscription.consumer
    layer, target, block = consumer.layer, consumer.target, consumer.reported.last_block
    again = consumer.retransmissions.statistics()
    bitrate = 0.0
    if layer is not None:
        cost = layer.cost
        bitrate = cost.up_to[consumer.temporal] if consumer.temporal < len(cost.up_to) else cost.bitrate
    return ConsumerStatistics(
        participant=participant,
        of=producer.participant,
        source=producer.source,
        ssrc=consumer.ssrc,
        active=consumer.active,
        layer=None if layer is None else layer.rid,
        target=None if target is None else target.rid,
        temporal=consumer.temporal,
        paused=subscription.paused,
        bitrate=round(bitrate, 1),
        packets=consumer.packets,
        octets=consumer.octets,
        left_out=consumer.left_out,
        nacks=again.asked,
        repeated=again.sent,
        too_soon=again.too_soon,
        over_budget=again.over_budget,
        gone=again.gone,
        plis=consumer.plis,
        loss=None if block is None else round(block.fraction_lost / 256, 4),
        jitter=None if block is None else round(block.jitter / producer.codec.clock_rate, 6),
        round_trip=consumer.reported.round_trip,
        agreement=subscription.agreement,
        forwarding=layer is not None,
        waits=consumer.waits,
        unsent=consumer.unsent + again.unsent,
        padded=consumer.padded,
    )
