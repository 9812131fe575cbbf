/**
 * One socket after the other: it watches over the one there is, and when that is lost it asks for another until one is in
 * the room again, or it is no use.
 */

import { Emitter } from "../base/emitter.js";
import { CommandRefused, NotAnswered } from "../protocol/socket.js";
import { comesBack, passes, Reconnect, triesAgain } from "./reconnect.js";
import { Silence } from "./silence.js";

/** @import { Socket } from "../protocol/socket.js" */
/** @import { Command, Reply, ServerEvent } from "../protocol/types.js" */

/** Not from the wire: the page itself gave the socket up. */
export const LOST_TRACK = 3001;
export const GAVE_UP = 3002;
/** With which the server would have closed the socket of whoever was removed, if there had been one. */
const REMOVED = 4004;

/** @typedef {{code: number, message: string}} Ended code: how the socket was closed; message: why the server did not let the page in again */

/**
 * @typedef {object} ConnectionEvents
 * @property {ServerEvent} event from the socket there is now
 * @property {void} lost what is asked from now on is not answered
 * @property {void} entered
 * @property {Ended} ended
 */

/** @extends {Emitter<ConnectionEvents>} */
export class Connection extends Emitter {
  #connect;
  #enter;
  #now;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {"out" | "entering" | "in" | "reconnecting" | "over"} */
  #phase = "out";
  #reconnect;
  /** @type {Silence | null} */
  #silence = null;
  #heartbeat = Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {number | null} */
  #backIn = null;
  #lostBy = 1006;

  /**
   * @param {object} parts
   * @param {() => Socket} parts.connect
   * @param {(socket: Socket, away: number) => Promise<unknown>} parts.enter says what lets the page in, after so many milliseconds without
   * @param {() => number} [parts.now] of a clock that goes on while the computer sleeps
   * @param {() => number} [parts.random]
   */
  constructor({ connect, enter, now = Date.now, random }) {
    super();
    this.#connect = connect;
    this.#enter = enter;
    this.#now = now;
    this.#reconnect = new Reconnect(now(), random);
  }

  /** @returns {"connected" | "reconnecting" | "ended"} */
  get status() {
    if (this.#phase === "in") return "connected";
    return this.#phase === "reconnecting" ? "reconnecting" : "ended";
  }

  /** After so many milliseconds of silence the server asks, so twice as many are too much. */
  set heartbeat(/** @type {number} */ heartbeat) {
    this.#heartbeat = heartbeat;
  }

  /** The server goes, and means to be back so many milliseconds later. */
  set backIn(/** @type {number} */ backIn) {
    this.#backIn = backIn;
  }

  /** The first time there is somebody to tell why it failed, who decides what to do. */
  async open() {
    const socket = this.#connect();
    this.#follow(socket);
    this.#phase = "entering";
    try {
      await this.#enter(socket, 0);
    } catch (error) {
      this.close();
      throw error;
    }
    if (this.#socket !== socket) throw new NotAnswered("The connection closed.");
    this.#entered();
  }

  /**
   * @param {Command} command
   * @returns {Promise<Reply>} rejects with CommandRefused or NotAnswered
   */
  request(command) {
    const able = this.#phase === "in" || this.#phase === "entering";
    return able && this.#socket ? this.#socket.request(command) : Promise.reject(new NotAnswered("There is no connection."));
  }

  /** Something may have changed: see whether the server is there, and try again at once if it was not. */
  doubt() {
    if (this.#phase === "in") this.#silence?.doubt();
    if (this.#phase === "reconnecting") this.#reconnect.hurry(this.#now());
    this.#look();
  }

  /** What the socket tells is no longer the truth. */
  drop() {
    this.#socket?.close(LOST_TRACK);
  }

  /** It is over, whatever the socket does. @param {number} [code] */
  close(code = 1000) {
    const socket = this.#socket;
    this.#stop();
    socket?.close(code);
  }

  /** @param {Socket} socket */
  #follow(socket) {
    this.#socket = socket;
    socket.on("heard", () => this.#heard());
    socket.on("event", (event) => this.emit("event", event));
    socket.on("closed", ({ code }) => {
      if (this.#socket === socket) this.#closed(code);
    });
  }

  #heard() {
    this.#silence?.heard(this.#now());
    this.#reconnect.heard(this.#now());
  }

  #entered() {
    const now = this.#now();
    this.#phase = "in";
    this.#reconnect.entered(now);
    this.#silence = new Silence(now, 2 * this.#heartbeat);
    this.#backIn = null;
    this.#look();
    this.emit("entered", undefined);
  }

  /** @param {number} code */
  #closed(code) {
    const now = this.#now();
    this.#socket = null;
    switch (this.#phase) {
      case "in":
        if (!comesBack(code)) return this.#end({ code, message: "" });
        this.#phase = "reconnecting";
        this.#silence = null;
        this.#lostBy = code;
        this.#reconnect.lost(now, code === 1001 ? (this.#backIn ?? 0) : null);
        this.emit("lost", undefined);
        return this.#look();
      case "reconnecting":
        if (!triesAgain(code)) return this.#end({ code, message: "" });
        this.#reconnect.failed(now);
        return this.#look();
    }
  }

  /** Do what is due, and look again when the next is. */
  #look() {
    clearTimeout(this.#timer);
    const now = this.#now();
    const until = this.#phase === "in" ? this.#listen(now) : this.#phase === "reconnecting" ? this.#return(now) : null;
    if (until === null) return;
    clearTimeout(this.#timer);
    // A clock may be set back; a look too many costs nothing.
    if (until < Infinity) this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(0, until - now), 15_000));
  }

  /** @param {number} now @returns {number | null} when to look again; null if something else sees to that */
  #listen(now) {
    const verdict = this.#silence?.look(now);
    if (!verdict) return null;
    if (verdict.what === "lost") {
      this.#socket?.close(GAVE_UP);
      return null;
    }
    // Whatever is heard is an answer.
    if (verdict.what === "ask") this.#socket?.request({ type: "ping" }).catch(() => {});
    return verdict.until;
  }

  /** @param {number} now @returns {number | null} */
  #return(now) {
    const next = this.#reconnect.next(now);
    switch (next.what) {
      case "wait":
        return next.until;
      case "drop":
        this.#socket?.close(GAVE_UP);
        return null;
      case "give up":
        this.#end({ code: this.#lostBy, message: "" });
        return null;
      case "try":
        this.#reconnect.began(now);
        void this.#try();
        return null;
    }
  }

  async #try() {
    const socket = this.#connect();
    this.#follow(socket);
    this.#look();
    try {
      await this.#enter(socket, this.#reconnect.away(this.#now()));
      if (this.#socket === socket) this.#entered();
    } catch (error) {
      if (this.#socket !== socket) return;
      if (!(error instanceof CommandRefused) || passes(error.code)) return socket.close(GAVE_UP);
      if (error.code === "unknown_token") return this.#end({ code: this.#lostBy, message: "" });
      this.#end({ code: error.code === "removed" ? REMOVED : 1000, message: error.message });
    }
  }

  /** @param {Ended} ended */
  #end(ended) {
    const socket = this.#socket;
    this.#stop(false);
    socket?.close(1000);
    this.emit("ended", ended);
    this.silence();
  }

  #stop(quiet = true) {
    clearTimeout(this.#timer);
    this.#phase = "over";
    this.#socket = null;
    if (quiet) this.silence();
  }
}
