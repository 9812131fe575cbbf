/** How loud a microphone is just now. */

const QUIETEST_DB = -60;

export class Level {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  #samples;
  #shown = 0;

  /** @param {number} [window] how many samples are looked at each time, a power of two */
  constructor(window = 1024) {
    this.#samples = new Float32Array(window);
  }

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#source?.disconnect();
    this.#source = null;
    if (!track) return;
    this.#context ??= new AudioContext();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: this.#samples.length });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    this.wake();
  }

  /** Browsers let sound be looked at only after the person touched the page: call this then. */
  wake() {
    if (this.#context?.state === "suspended") this.#context.resume().catch(() => {});
  }

  /** @returns {number} from 0 to 1, rising at once and falling gently */
  read() {
    this.#shown = Math.max(this.#now(), this.#shown * 0.82);
    return this.#shown < 0.005 ? 0 : this.#shown;
  }

  /** How loud the last moment was, in squares' mean from 0 to 1; null where nothing can be heard. @returns {number | null} */
  get rms() {
    return this.#context?.state === "running" && this.#source ? this.#rms() : null;
  }

  close() {
    this.#source?.disconnect();
    this.#track = null;
    this.#context?.close().catch(() => {});
    this.#context = null;
  }

  #now() {
    return this.#source ? loudness(this.#rms()) : 0;
  }

  #rms() {
    this.#analyser?.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.sqrt(sum / this.#samples.length);
  }
}

/**
 * Ears hear in decibels.
 * @param {number} rms
 */
export function loudness(rms) {
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, 1 - (20 * Math.log10(rms)) / QUIETEST_DB));
}
