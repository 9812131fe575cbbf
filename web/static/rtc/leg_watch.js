/** Whether a connection carries anything, said early enough that a person need not wonder. */

import { Emitter } from "../base/emitter.js";

/** @typedef {"new" | "connecting" | "connected" | "blocked"} Health */

export const PATIENCE = 10_000;

/** @extends {Emitter<{change: Health}>} */
export class LegWatch extends Emitter {
  /** @type {RTCPeerConnection} */
  #connection;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #patience;
  /** @type {Health} */
  health = "new";

  /** @param {RTCPeerConnection} connection @param {number} [patience] in milliseconds */
  constructor(connection, patience = PATIENCE) {
    super();
    this.#connection = connection;
    this.#patience = patience;
    connection.addEventListener("connectionstatechange", () => this.#look());
  }

  /** Both descriptions are known: from now on it should connect. */
  begin() {
    if (this.health === "new") this.#wait();
    this.#look();
  }

  close() {
    clearTimeout(this.#timer);
    this.silence();
  }

  #look() {
    switch (this.#connection.connectionState) {
      case "connected":
        clearTimeout(this.#timer);
        return this.#become("connected");
      case "failed":
        clearTimeout(this.#timer);
        return this.#become("blocked");
      case "disconnected":
        if (this.health === "connected") this.#wait();
    }
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#become("blocked"), this.#patience);
    this.#become("connecting");
  }

  /** @param {Health} health */
  #become(health) {
    if (this.health === health) return;
    this.health = health;
    this.emit("change", health);
  }
}
