/**
 * The websocket, with commands matched to their replies.
 *
 * Commands may be given before the socket is open: they are kept in order and sent the moment it is, so that joining
 * and publishing cost one round trip together.
 */

import { Emitter } from "../base/emitter.js";
import { decodeFrame } from "./decode.js";

/** @import { Command, Reply, ServerEvent } from "./types.js" */

const WAITING_LIMIT = 64;
const REPLY_DEADLINE = 15_000;

/** The server understood the command and refused it. */
export class CommandRefused extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "CommandRefused";
    this.code = code;
  }
}

/** The command was not answered: the socket closed first, or too much time passed. */
export class NotAnswered extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "NotAnswered";
    this.code = "not_answered";
  }
}

/** @typedef {{resolve: (reply: Reply) => void, reject: (error: Error) => void, timer: ReturnType<typeof setTimeout>}} Waiting */
/** @typedef {{code: number, reason: string}} Closed */

/** `heard` is any frame at all: whoever sends one is there. @extends {Emitter<{heard: void, event: ServerEvent, closed: Closed}>} */
export class Socket extends Emitter {
  /** @type {WebSocket} */
  #socket;
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();
  /** @type {string[]} */
  #unsent = [];
  #refs = 0;
  #over = false;

  /** @param {WebSocket} socket */
  constructor(socket) {
    super();
    this.#socket = socket;
    socket.addEventListener("open", () => this.#flush());
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code, reason }) => this.#end({ code, reason }));
  }

  get closed() {
    return this.#over;
  }

  /**
   * @param {Command} command
   * @returns {Promise<Reply>} rejects with CommandRefused or NotAnswered
   */
  request(command) {
    if (this.#over) return Promise.reject(new NotAnswered("The connection is closed."));
    if (this.#waiting.size >= WAITING_LIMIT) return Promise.reject(new NotAnswered("Too much is waiting to be sent."));
    const ref = `c${++this.#refs}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref);
        reject(new NotAnswered("The server did not answer in time."));
      }, REPLY_DEADLINE);
      this.#waiting.set(ref, { resolve, reject, timer });
      this.#transmit({ ...command, ref });
    });
  }

  /**
   * Close from this side. Nothing is waited for: a close handshake on a dead network never ends.
   * @param {number} [code] with 1000 the others hear at once that this participant left
   */
  close(code = 1000) {
    this.#socket.close(code);
    this.#end({ code, reason: "" });
  }

  /** @param {object} command */
  #transmit(command) {
    const frame = JSON.stringify(command);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
    else if (this.#unsent.length < WAITING_LIMIT) this.#unsent.push(frame);
  }

  #flush() {
    for (const frame of this.#unsent.splice(0)) this.#socket.send(frame);
  }

  /** @param {unknown} data */
  #receive(data) {
    if (this.#over) return;
    this.emit("heard", undefined);
    let event;
    try {
      event = decodeFrame(data);
    } catch (error) {
      console.error("chatroom: a frame that is not in the protocol was ignored:", error);
      return;
    }
    if (event === null) return;
    if (event.type === "ping") this.#transmit({ type: "pong", n: event.n });
    this.emit("event", event);
    if ("ref" in event) this.#settle(event);
  }

  /** @param {Reply} reply */
  #settle(reply) {
    const waiting = reply.ref === null ? undefined : this.#waiting.get(reply.ref);
    if (!waiting || reply.ref === null) return;
    this.#waiting.delete(reply.ref);
    clearTimeout(waiting.timer);
    if (reply.type === "error") waiting.reject(new CommandRefused(reply.code, reply.message));
    else waiting.resolve(reply);
  }

  /** @param {Closed} closed */
  #end(closed) {
    if (this.#over) return;
    this.#over = true;
    this.#unsent.length = 0;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new NotAnswered("The connection closed before the server answered."));
    }
    this.#waiting.clear();
    this.emit("closed", closed);
    this.silence();
  }
}
