/**
 * Plays a sound and a picture in one video element, which is the only one that plays them.
 *
 * A track is put into it only once something has arrived on it: an element that waits for a first picture plays no sound
 * either.
 */

export class Player {
  #video;
  #stream = new MediaStream();
  #showing = "";
  #silent;
  #tell;

  /**
   * @param {HTMLVideoElement} video
   * @param {object} tell
   * @param {boolean} [tell.silent] never plays sound
   * @param {(seen: boolean) => void} tell.seen whether there is a picture to see, whenever that changes
   */
  constructor(video, { silent = false, seen }) {
    this.#video = video;
    this.#silent = silent;
    this.#tell = { seen };
    video.muted = silent;
    video.tabIndex = -1;
  }

  /** @param {MediaStreamTrack | null} sound @param {MediaStreamTrack | null} picture */
  show(sound, picture) {
    const wanted = [this.#silent ? null : sound, picture].filter((track) => track !== null);
    const present = this.#stream.getTracks();
    const changed = wanted.length !== present.length || wanted.some((track) => !present.includes(track));
    if (!changed) return;
    for (const track of present) if (!wanted.includes(track)) this.#stream.removeTrack(track);
    for (const track of wanted) if (!present.includes(track)) this.#stream.addTrack(track);
    this.#expect(picture);
    this.#play();
  }

  /** @param {string} id of the speaker to play on, "" for the system's choice */
  set speaker(id) {
    if (this.#silent || !("setSinkId" in this.#video)) return;
    this.#video.setSinkId(id).catch((error) => console.warn("chatroom: the speaker was refused:", error));
  }

  /** Whether there is sound that the browser does not play. */
  get blocked() {
    return !this.#silent && this.#video.muted && this.#stream.getAudioTracks().length > 0;
  }

  /** Sound too, which the browser refused to play without a click. */
  play() {
    this.#video.muted = this.#silent;
    this.#play();
  }

  /** Let go of the tracks, so that nothing plays on unseen. */
  close() {
    this.#video.srcObject = null;
  }

  #play() {
    if (this.#stream.getTracks().length === 0) return void (this.#video.srcObject = null);
    if (this.#video.srcObject !== this.#stream) this.#video.srcObject = this.#stream;
    this.#video.play().catch((error) => {
      if (this.#video.muted || !(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      // The picture alone is not refused.
      this.#video.muted = true;
      this.#video.play().catch(() => {});
    });
  }

  /**
   * What stands for a picture stays until there is one to see, so that nobody is a black box for a moment.
   * @param {MediaStreamTrack | null} picture
   */
  #expect(picture) {
    const id = picture?.id ?? "";
    if (id === this.#showing) return;
    this.#showing = id;
    this.#tell.seen(false);
    if (!picture) return;
    const seen = () => {
      if (this.#showing === id) this.#tell.seen(true);
    };
    if ("requestVideoFrameCallback" in this.#video) this.#video.requestVideoFrameCallback(seen);
    else /** @type {HTMLVideoElement} */ (this.#video).addEventListener("playing", seen, { once: true });
  }
}
