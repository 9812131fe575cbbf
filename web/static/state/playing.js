/** What came of everyone since the last time it was looked at, from counters that only grow. Pure. */

import { pictureOf } from "./screens.js";

/** @import { PlayingReport } from "../protocol/types.js" */
/** @import { Received } from "../rtc/stats.js" */

/** What the protocol allows in one report. */
const MOST = 200;
/** No sound at all, in dBFS, as RFC 6464 has it. */
export const SILENCE = -127;

/** @typedef {{counted: Received, at: number, moved: number}} Before moved: when there was a new picture last */

export class Playing {
  /** @type {Map<string, Before>} by track */
  #before = new Map();

  /**
   * @param {readonly Received[]} received
   * @param {number} now in milliseconds
   * @param {(picture: string) => boolean} expected whether new pictures should come of it
   * @returns {Record<string, PlayingReport>} by participant, or `participant/screen:N`
   */
  tell(received, now, expected) {
    /** @type {Map<string, PlayingReport>} */
    const told = new Map();
    /** @type {Map<string, Before>} */
    const after = new Map();
    for (const track of received) {
      const known = this.#before.get(track.id);
      // Whose it is changes when a line of the connection is used again.
      const before = known && sameTrack(known.counted, track) ? known : null;
      const sound = track.source === "microphone" || track.source.startsWith("screen_sound:");
      const picture = pictureOf(track.participant, track.source.replace("screen_sound:", "screen:"));
      const report = told.get(picture) ?? { seconds: 0, packets: null, level: null, concealed: null, frames: null, frozen: null };
      if (!told.has(picture) && told.size >= MOST) continue;
      told.set(picture, report);
      if (before) report.seconds = rounded((now - before.at) / 1000);
      const on = expected(picture);
      const moved = !on || !before || track.frames !== before.counted.frames ? now : before.moved;
      after.set(track.id, { counted: track, at: now, moved });
      if (sound) Object.assign(report, heard(track, before?.counted ?? null));
      else Object.assign(report, { frames: track.frames - (before?.counted.frames ?? 0), frozen: on ? rounded((now - moved) / 1000) : null });
    }
    this.#before = after;
    return Object.fromEntries(told);
  }
}

/** @param {Received} before @param {Received} after */
const sameTrack = (before, after) =>
  before.participant === after.participant && before.source === after.source && before.packets <= after.packets && before.frames <= after.frames;

/** @param {Received} track @param {Received | null} before */
function heard(track, before) {
  const [energy, duration] = [track.energy - (before?.energy ?? 0), track.duration - (before?.duration ?? 0)];
  const samples = track.samples - (before?.samples ?? 0);
  const loudest = Math.max(track.level, duration > 0 ? Math.sqrt(Math.max(0, energy) / duration) : 0);
  return {
    packets: track.packets - (before?.packets ?? 0),
    level: decibels(loudest),
    // Before a connection has found its pace much is made up.
    concealed: before && samples > 0 ? rounded(Math.min(1, Math.max(0, track.concealed - (before?.concealed ?? 0)) / samples)) : 0,
  };
}

/**
 * @param {number} level from 0 to 1
 * @returns {number} dBFS, from -127 to 0
 */
export const decibels = (level) => (level <= 0 ? SILENCE : rounded(Math.min(0, Math.max(SILENCE, 20 * Math.log10(level)))));

/** @param {number} value */
const rounded = (value) => Math.round(value * 1000) / 1000;
