/** As much of WebRTC as the legs use. An offer's SDP is a JSON list of mids: even ones are sound, odd ones pictures. */

class FakeTrack extends EventTarget {
  muted = true;
  /** @param {string} kind */
  constructor(kind) {
    super();
    this.kind = kind;
  }
}

class FakeTransceiver {
  sender = { track: null, replaceTrack: async () => {}, getParameters: () => ({ encodings: [] }), setParameters: async () => {} };
  receiver;

  /** @param {string} mid @param {string} kind */
  constructor(mid, kind) {
    this.mid = mid;
    this.stopped = false;
    this.receiver = { track: new FakeTrack(kind) };
  }
}

/** A transceiver that is stopped leaves its line to another, once that was agreed. */
export class FakeConnection extends EventTarget {
  /** @type {FakeConnection[]} */
  static made = [];
  connectionState = "new";
  signalingState = "stable";
  /** @type {{sdp: string} | null} */
  localDescription = null;
  /** @type {FakeTransceiver[]} */
  #transceivers = [];
  #next = 0;
  mostLines = 0;

  /** @param {RTCConfiguration} [configuration] */
  constructor(configuration = {}) {
    super();
    this.configuration = configuration;
    FakeConnection.made.push(this);
  }

  /** @param {RTCConfiguration} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }

  /** @param {string | {kind: string}} what */
  addTransceiver(what) {
    const kind = typeof what === "string" ? what : what.kind;
    const transceiver = new FakeTransceiver(String(this.#next++), kind);
    transceiver.stop = () => (transceiver.stopped = true);
    this.#transceivers.push(transceiver);
    this.mostLines = Math.max(this.mostLines, this.#transceivers.length);
    return transceiver;
  }

  getTransceivers() {
    return this.#transceivers;
  }

  restarts = 0;

  restartIce() {
    this.restarts += 1;
  }

  async createOffer() {
    return { type: "offer", sdp: this.restarts === 0 ? "offer" : `offer ${this.restarts}` };
  }

  async createAnswer() {
    return { type: "answer", sdp: "answer" };
  }

  /** @param {{type: string, sdp: string}} description */
  async setLocalDescription(description) {
    this.localDescription = description;
    this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
  }

  /** @param {{type: string, sdp: string}} description */
  async setRemoteDescription({ type, sdp }) {
    this.signalingState = type === "offer" ? "have-remote-offer" : "stable";
    if (type === "answer") this.#transceivers = this.#transceivers.filter(({ stopped }) => !stopped);
    if (type !== "offer") return;
    for (const mid of JSON.parse(sdp)) {
      if (this.#transceivers.some((each) => each.mid === mid)) continue;
      this.#transceivers.push(new FakeTransceiver(mid, Number(mid) % 2 === 0 ? "audio" : "video"));
    }
  }

  /** The first packet of a track comes. @param {string} mid */
  arrive(mid) {
    const track = this.#transceivers.find((each) => each.mid === mid)?.receiver.track;
    if (!track) return;
    track.muted = false;
    track.dispatchEvent(new Event("unmute"));
  }

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  close() {
    this.connectionState = "closed";
    this.signalingState = "closed";
  }
}

Object.assign(globalThis, {
  RTCPeerConnection: FakeConnection,
  RTCRtpSender: { getCapabilities: () => ({ codecs: [] }) },
  MediaStream: class {},
});

export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What the server offers to send: a microphone and a camera of each. @param {number} offer @param {string[]} [people] */
export function offerOf(offer, people = []) {
  const tracks = Object.fromEntries(people.flatMap((participant, index) => [
    [String(index * 2), { participant, source: "microphone" }],
    [String(index * 2 + 1), { participant, source: "camera" }],
  ]));
  return { type: /** @type {const} */ ("offer"), offer, sdp: JSON.stringify(Object.keys(tracks)), tracks };
}
