/** What a connection counts, of each track that comes or goes, with whose it is. Pure but for the last three. */

/** @import { TrackOwner } from "../protocol/types.js" */
/** @import { Legs } from "./legs.js" */

/**
 * @typedef {object} Received counters of one track, which only grow while its connection is the same
 * @property {string} id
 * @property {string} participant
 * @property {string} source
 * @property {number} packets
 * @property {number} lost
 * @property {number} bytes
 * @property {number} energy of the sound: the sum of its squared level over time
 * @property {number} duration seconds of sound
 * @property {number} samples
 * @property {number} concealed samples that were made up, other than silence
 * @property {number} level of the sound just now, from 0 to 1
 * @property {number} frames decoded
 * @property {number} height of the picture
 * @property {number | null} jitter seconds
 *
 * @typedef {object} Sent
 * @property {string} id
 * @property {string} mid
 * @property {string} layer its RID, "" where there is one only
 * @property {string} kind
 * @property {number} bytes
 * @property {number} packets
 * @property {number} height
 * @property {number} fps
 * @property {number | null} lost the share that did not arrive lately, from 0 to 1
 *
 * @typedef {object} Way
 * @property {number | null} roundTrip seconds
 * @property {number | null} available what the browser thinks can be sent, in bits a second
 * @property {string} protocol "udp", "tcp" or ""
 * @property {boolean} relayed
 *
 * @typedef {Pick<Way, "roundTrip" | "available"> & Pick<Sent, "lost">} VoiceWay what a voice meets on its way to the server
 *
 * @typedef {{layer: string, active: boolean, bytes: number}} SentLayer active: it is to be sent; bytes: that were
 * @typedef {Pick<Way, "available"> & {layers: SentLayer[]}} CameraWay what a camera meets
 *
 * @typedef {Way & {received: Received[]}} Downlink
 * @typedef {Way & {sent: Sent[]}} Uplink
 * @typedef {{at: number, uplink: Uplink | null, downlink: Downlink | null}} Counted at: milliseconds
 */

/**
 * @param {Iterable<any>} report of RTCPeerConnection.getStats
 * @param {Readonly<Record<string, TrackOwner>>} owners by mid
 * @returns {Received[]}
 */
export function received(report, owners) {
  return [...report].flatMap((each) => {
    const owner = each.type === "inbound-rtp" ? owners[each.mid] : undefined;
    if (!owner) return [];
    return {
      id: `${each.trackIdentifier} ${each.ssrc}`,
      participant: owner.participant,
      source: owner.source,
      packets: each.packetsReceived ?? 0,
      lost: Math.max(0, each.packetsLost ?? 0),
      bytes: each.bytesReceived ?? 0,
      energy: each.totalAudioEnergy ?? 0,
      duration: each.totalSamplesDuration ?? 0,
      samples: each.totalSamplesReceived ?? 0,
      concealed: Math.max(0, (each.concealedSamples ?? 0) - (each.silentConcealedSamples ?? 0)),
      level: each.audioLevel ?? 0,
      frames: each.framesDecoded ?? 0,
      height: each.frameHeight ?? 0,
      jitter: each.jitter ?? null,
    };
  });
}

/**
 * @param {Iterable<any>} report
 * @returns {Sent[]}
 */
export function sent(report) {
  const all = [...report];
  const heard = new Map(all.filter(({ type }) => type === "remote-inbound-rtp").map((each) => [each.localId, each]));
  return all.flatMap((each) => {
    if (each.type !== "outbound-rtp") return [];
    return {
      id: each.id,
      mid: each.mid ?? "",
      layer: each.rid ?? "",
      kind: each.kind,
      bytes: each.bytesSent ?? 0,
      packets: each.packetsSent ?? 0,
      height: each.frameHeight ?? 0,
      fps: each.framesPerSecond ?? 0,
      lost: heard.get(each.id)?.fractionLost ?? null,
    };
  });
}

/**
 * @param {Iterable<any>} report
 * @returns {Way}
 */
export function way(report) {
  const all = [...report];
  const chosen = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  const pair = all.find(({ type, id, nominated }) => type === "candidate-pair" && (chosen ? id === chosen : nominated));
  const [local, remote] = [pair?.localCandidateId, pair?.remoteCandidateId].map((id) => all.find((each) => each.id === id));
  return {
    roundTrip: pair?.currentRoundTripTime ?? null,
    available: pair?.availableOutgoingBitrate ?? null,
    protocol: remote?.protocol ?? local?.protocol ?? "",
    relayed: local?.candidateType === "relay",
  };
}

/**
 * @param {Pick<RTCRtpSender, "getStats">} sender of a voice
 * @returns {Promise<VoiceWay>}
 */
export async function readVoice(sender) {
  const report = [...(await sender.getStats()).values()];
  const { roundTrip, available } = way(report);
  return { roundTrip, available, lost: sent(report)[0]?.lost ?? null };
}

/**
 * @param {Pick<RTCRtpSender, "getStats">} sender of a camera
 * @returns {Promise<CameraWay>}
 */
export async function readCamera(sender) {
  const report = [...(await sender.getStats()).values()];
  const layers = report.filter(({ type }) => type === "outbound-rtp");
  return {
    available: way(report).available,
    layers: layers.map(({ rid, active, bytesSent }) => ({ layer: rid ?? "", active: active ?? true, bytes: bytesSent ?? 0 })),
  };
}

/**
 * What both connections of this page count just now; null for one that there is not.
 * @param {Pick<Legs, "publish" | "subscribe">} legs
 * @returns {Promise<Counted>}
 */
export async function readBoth({ publish, subscribe }) {
  const [up, down] = await Promise.all([publish?.connection.getStats(), subscribe?.connection.getStats()]);
  const at = performance.now();
  const [ups, downs] = [up && [...up.values()], down && [...down.values()]];
  return {
    at,
    uplink: ups ? { sent: sent(ups), ...way(ups) } : null,
    downlink: downs && subscribe ? { received: received(downs, subscribe.owners), ...way(downs) } : null,
  };
}
