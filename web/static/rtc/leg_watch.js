/** What a connection says of itself: whether it could carry something by now, and whether it does. */

import { Emitter } from "../base/emitter.js";

/** @extends {Emitter<{change: RTCPeerConnectionState}>} */
export class LegWatch extends Emitter {
  #connection;
  /** Both descriptions are known: from now on it should connect. */
  begun = false;

  /** @param {RTCPeerConnection} connection */
  constructor(connection) {
    super();
    this.#connection = connection;
    connection.addEventListener("connectionstatechange", () => this.#tell());
  }

  get state() {
    return this.#connection.connectionState;
  }

  begin() {
    if (this.begun) return;
    this.begun = true;
    this.#tell();
  }

  close() {
    this.silence();
  }

  #tell() {
    this.emit("change", this.state);
  }
}
