/**
 * Connections whose other end is gone, while others take their place: they are closed when there is time for that. The
 * last pictures stay until new ones come, so that nobody is a black box meanwhile and nothing is drawn twice.
 */

/** @import { PublishLeg } from "./publish_leg.js" */
/** @import { RemoteTracks, ScreenTracks, SubscribeLeg, Tracks } from "./subscribe_leg.js" */

/** So many milliseconds do they stay where no new ones come. */
export const KEPT = 2_000;

export class Predecessors {
  #tell;
  /** @type {PublishLeg[]} */
  #senders = [];
  /** Their last pictures can be seen for as long as they are not closed. @type {SubscribeLeg[]} */
  #receivers = [];
  /** @type {RemoteTracks} */
  #shown = new Map();
  /** @type {RemoteTracks} */
  #kept = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(tracks: RemoteTracks) => void} tell what is to be shown */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Show these, and of what is not there yet what was kept. @param {RemoteTracks} fresh */
  show(fresh) {
    this.#shown = withKept(this.#kept, fresh);
    this.#tell(this.#shown);
    if (this.#kept.size === 0) return;
    const kept = new Set(tracksOf(this.#kept));
    if (!tracksOf(this.#shown).some((track) => kept.has(track))) this.#forget();
  }

  /** From now on they say nothing, and what was shown is kept. @param {PublishLeg | null} publish @param {SubscribeLeg | null} subscribe */
  add(publish, subscribe) {
    clearTimeout(this.#timer); // how long they stay is counted anew
    for (const leg of [publish, subscribe]) leg?.watch.silence();
    if (publish) this.#senders.push(publish);
    if (!subscribe) return;
    subscribe.silence();
    this.#receivers.push(subscribe);
    this.#kept = this.#shown;
  }

  /** Others take their place. @param {Promise<unknown>} begun until then there is no time for these @param {() => RemoteTracks} fresh */
  succeed(begun, fresh) {
    const close = () => {
      this.#closeSenders();
      if (tracksOf(this.#kept).length === 0) this.#forget();
    };
    begun.then(close, close);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#forget();
      this.show(fresh());
    }, KEPT);
  }

  /** None take their place: nothing of them stays. */
  end() {
    this.#closeSenders();
    this.#forget();
    this.show(new Map());
  }

  #closeSenders() {
    for (const leg of this.#senders.splice(0)) leg.close();
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#kept = new Map();
    for (const leg of this.#receivers.splice(0)) leg.close();
  }
}

/** @param {RemoteTracks} tracks */
function tracksOf(tracks) {
  const all = [...tracks.values()].flatMap(({ microphone, camera, screens }) => [
    microphone,
    camera,
    ...[...screens.values()].flatMap(({ picture, sound }) => [picture, sound]),
  ]);
  return all.filter((track) => track !== null);
}

/** @param {RemoteTracks} kept @param {RemoteTracks} fresh @returns {RemoteTracks} */
function withKept(kept, fresh) {
  const all = new Map(kept);
  for (const [participant, own] of fresh) {
    const before = kept.get(participant);
    all.set(participant, before ? together(before, own) : own);
  }
  return all;
}

/** @param {Tracks} before @param {Tracks} now @returns {Tracks} */
function together(before, now) {
  const screens = new Map(before.screens);
  for (const [number, screen] of now.screens) screens.set(number, screenOf(before.screens.get(number), screen));
  return { microphone: now.microphone ?? before.microphone, camera: now.camera ?? before.camera, screens };
}

/** @param {ScreenTracks | undefined} before @param {ScreenTracks} now @returns {ScreenTracks} */
const screenOf = (before, now) => ({ picture: now.picture ?? before?.picture ?? null, sound: now.sound ?? before?.sound ?? null });
