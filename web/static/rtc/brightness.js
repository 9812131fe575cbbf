/** How bright a picture is that is shown on this page, from a few of its points. */

const [WIDTH, HEIGHT] = [32, 18];

export class Brightness {
  /** @type {CanvasRenderingContext2D | null} */
  #context = null;

  /**
   * @param {HTMLVideoElement | null} video
   * @returns {{mean: number, spread: number} | null} of 255; null where there is no picture
   */
  read(video) {
    if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
    // In the main memory: it is read at once, and nothing is ever shown of it.
    const context = (this.#context ??= surface());
    if (!context) return null;
    context.drawImage(video, 0, 0, WIDTH, HEIGHT);
    return brightnessOf(context.getImageData(0, 0, WIDTH, HEIGHT).data);
  }
}

function surface() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  return canvas.getContext("2d", { willReadFrequently: true });
}

/** @param {ArrayLike<number>} points four numbers each: red, green, blue and how opaque it is */
export function brightnessOf(points) {
  let [count, sum, squares] = [0, 0, 0];
  for (let at = 0; at + 3 < points.length; at += 4) {
    // BT.601, as eyes weigh them
    const light = 0.299 * (points[at] ?? 0) + 0.587 * (points[at + 1] ?? 0) + 0.114 * (points[at + 2] ?? 0);
    count += 1;
    sum += light;
    squares += light * light;
  }
  const mean = sum / Math.max(1, count);
  return { mean, spread: Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean)) };
}
