/** How bright a picture is that is shown on this page, from a few of its points. */

const [WIDTH, HEIGHT] = [32, 18];
/** Milliseconds that a picture is waited for: a camera that gives none has nothing to be judged by. */
const PATIENCE = 500;
/** Formats that begin with a plane of luma, an octet each. */
const PLANAR = new Set(["I420", "I420A", "I422", "I444", "NV12"]);

/** @import { Light } from "../state/dark_watch.js" */

/** @typedef {{new (options: {track: MediaStreamTrack, maxBufferSize: number}): {readable: ReadableStream<VideoFrame>}}} Processor */

export class Brightness {
  /** @type {CanvasRenderingContext2D | null} */
  #context = null;
  /** What the last frame was copied to: those of a camera have all the same size. */
  #octets = new Uint8Array();

  /**
   * Where the browser gives frames themselves one is read, and not drawn: Chromium keeps a frame that was drawn for
   * seconds, and all who use a camera share a few of them. Three pages that drew theirs left four pictures of ten.
   *
   * @param {HTMLVideoElement | null} video
   * @returns {Promise<Light | null>} null where there is no picture
   */
  async read(video) {
    if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
    const track = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0] : null;
    const processor = /** @type {{MediaStreamTrackProcessor?: Processor}} */ (globalThis).MediaStreamTrackProcessor;
    if (!track || !processor) return this.#drawn(video);
    const frame = await oneFrame(track, processor);
    if (!frame) return null;
    try {
      return frame.format && PLANAR.has(frame.format) ? await this.#lumaOf(frame) : this.#drawn(frame);
    } finally {
      frame.close();
    }
  }

  /** @param {HTMLVideoElement | VideoFrame} picture */
  #drawn(picture) {
    // In the main memory: it is read at once, and nothing is ever shown of it.
    const context = (this.#context ??= surface());
    if (!context) return null;
    context.drawImage(picture, 0, 0, WIDTH, HEIGHT);
    return brightnessOf(context.getImageData(0, 0, WIDTH, HEIGHT).data);
  }

  /** @param {VideoFrame} frame of a planar format */
  async #lumaOf(frame) {
    const size = frame.allocationSize();
    if (this.#octets.length !== size) this.#octets = new Uint8Array(size);
    const octets = this.#octets;
    const plane = await frame.copyTo(octets).then(
      ([first]) => first,
      () => null, // the frame is gone
    );
    const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
    return plane ? brightnessOfLuma(octets, plane, width, height, frame.colorSpace.fullRange === true) : null;
  }
}

/**
 * The next frame of a camera, of a copy of its track that is there for no longer.
 *
 * @param {MediaStreamTrack} track @param {Processor} Processor
 */
async function oneFrame(track, Processor) {
  const copy = track.clone();
  if (copy.readyState === "ended") return null;
  const timer = setTimeout(() => copy.stop(), PATIENCE);
  /** @type {ReadableStreamDefaultReader<VideoFrame> | undefined} */
  let reader;
  try {
    reader = new Processor({ track: copy, maxBufferSize: 1 }).readable.getReader();
    const { value } = await reader.read();
    return value ?? null; // none of a copy that was stopped
  } finally {
    clearTimeout(timer);
    copy.stop();
    reader?.cancel().catch(() => {}); // there is nothing more to come of it, one way or the other
  }
}

function surface() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  return canvas.getContext("2d", { willReadFrequently: true });
}

/** @param {ArrayLike<number>} points four numbers each: red, green, blue and how opaque it is */
export function brightnessOf(points) {
  const lumas = [];
  for (let at = 0; at + 3 < points.length; at += 4) {
    // BT.601, as eyes weigh them
    lumas.push(0.299 * (points[at] ?? 0) + 0.587 * (points[at + 1] ?? 0) + 0.114 * (points[at + 2] ?? 0));
  }
  return meanAndSpread(lumas);
}

/**
 * @param {ArrayLike<number>} octets a plane of luma and what follows it
 * @param {{offset: number, stride: number}} plane where it is, and octets from one row to the next
 * @param {number} width @param {number} height in pixels
 * @param {boolean} fullRange whether black is 0 and white is 255; else they are 16 and 235
 */
export function brightnessOfLuma(octets, { offset, stride }, width, height, fullRange) {
  const lumas = [];
  for (let row = 0; row < HEIGHT; row++) {
    const start = offset + stride * Math.floor(((row + 0.5) * height) / HEIGHT);
    for (let column = 0; column < WIDTH; column++) {
      const luma = octets[start + Math.floor(((column + 0.5) * width) / WIDTH)] ?? 0;
      lumas.push(fullRange ? luma : Math.min(255, Math.max(0, ((luma - 16) * 255) / 219)));
    }
  }
  return meanAndSpread(lumas);
}

/** @param {number[]} lumas @returns {Light} the mean and the standard deviation */
function meanAndSpread(lumas) {
  let [sum, squares] = [0, 0];
  for (const each of lumas) {
    sum += each;
    squares += each * each;
  }
  const mean = sum / Math.max(1, lumas.length);
  return { mean, spread: Math.sqrt(Math.max(0, squares / Math.max(1, lumas.length) - mean * mean)) };
}
