/** What a connection counts, of each track that comes or goes, with whose it is. Pure but for the two that ask. */

/** @import { TrackOwner } from "../protocol/types.js" */

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
 *
 * @typedef {Way & {at: number, received: Received[]}} Downlink at: milliseconds
 * @typedef {Way & {at: number, sent: Sent[]}} Uplink
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
  return { roundTrip: pair?.currentRoundTripTime ?? null, available: pair?.availableOutgoingBitrate ?? null };
}

/** @param {RTCPeerConnection} connection @param {Readonly<Record<string, TrackOwner>>} owners @returns {Promise<Downlink>} */
export async function readDownlink(connection, owners) {
  const report = [...(await connection.getStats()).values()];
  return { at: performance.now(), received: received(report, owners), ...way(report) };
}

/** @param {RTCPeerConnection} connection @returns {Promise<Uplink>} */
export async function readUplink(connection) {
  const report = [...(await connection.getStats()).values()];
  return { at: performance.now(), sent: sent(report), ...way(report) };
}
