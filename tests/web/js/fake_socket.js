globalThis.WebSocket ??= /** @type {any} */ (class {});
// Newer Node has a WebSocket of its own, with an OPEN that cannot be written.
if (WebSocket.OPEN !== 1) Object.assign(WebSocket, { OPEN: 1 });

/** As much of a WebSocket as Socket uses, in the hands of the test. */
export class FakeSocket extends EventTarget {
  readyState = 0;
  /** @type {any[]} */
  sent = [];
  /** @type {number | null} */
  closedWith = null;

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  /** @param {string} frame */
  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  /** @param {object | string} data */
  hear(data) {
    const event = Object.assign(new Event("message"), { data: typeof data === "string" ? data : JSON.stringify(data) });
    this.dispatchEvent(event);
  }

  /** @param {number} code */
  end(code) {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }));
  }

  /** @param {number} code */
  close(code) {
    this.closedWith = code;
  }
}
