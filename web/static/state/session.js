/**
 * Being in a room: what this page says, what it hears, and what it knows because of that.
 *
 * A session is more than its socket. It asks for a socket with a function, so that a later release can ask again when one
 * is lost and go on in the same session.
 */

import { Emitter } from "../base/emitter.js";
import { Legs } from "../rtc/legs.js";
import { applyEvent, fromSnapshot, GapError } from "./room.js";
import { UpdateSender } from "./update_sender.js";

/** @import { Closed, Socket } from "../protocol/socket.js" */
/** @import { Reply, RoomEvent, ServerEvent } from "../protocol/types.js" */
/** @import { LocalMedia } from "../rtc/local_media.js" */
/** @import { PublishLeg } from "../rtc/publish_leg.js" */
/** @import { RoomState } from "./room.js" */

/**
 * @typedef {object} SessionEvents
 * @property {RoomState} room the room as it is now
 * @property {RoomEvent} event what changed it, after `room`
 * @property {string} stopping the server says goodbye, in its words
 * @property {Closed} ended
 */

/** Not from the wire: the page itself gave up, because it could no longer show the truth. */
export const LOST_TRACK = 3001;

/** @extends {Emitter<SessionEvents>} */
export class Session extends Emitter {
  #connect;
  #local;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {RoomState | null} */
  #state = null;
  #updates;
  /** @type {() => void} */
  #unfollow;

  /**
   * @param {object} parts
   * @param {() => Socket} parts.connect
   * @param {LocalMedia} parts.local
   */
  constructor({ connect, local }) {
    super();
    this.#connect = connect;
    this.#local = local;
    this.legs = new Legs({
      publish: async (offer) => {
        const reply = await this.#request({ type: "publish", ...offer });
        return reply.type === "published" ? reply.sdp : "";
      },
      answer: async (offer, sdp) => void (await this.#request({ type: "answer", offer, sdp })),
    });
    this.#updates = new UpdateSender((switches) => this.#request({ type: "update", ...switches }));
    this.#unfollow = local.on("change", () => this.#switched());
  }

  /** @returns {RoomState | null} null until joined */
  get state() {
    return this.#state;
  }

  /**
   * Joining and publishing leave together: nothing is waited for in between.
   * @param {string} room
   * @param {string} name
   * @param {PublishLeg} [prepared]
   * @returns {Promise<RoomState>} rejects with CommandRefused or NotAnswered
   */
  async join(room, name, prepared) {
    const socket = this.#connect();
    this.#socket = socket;
    socket.on("event", (event) => this.#receive(event));
    socket.on("closed", (closed) => this.#end(closed));
    const switches = this.#local.switches;
    this.#updates.told(switches);
    const joined = socket.request({ type: "join", room, name, ...switches });
    void this.legs.start(this.#local.tracks, prepared);
    this.legs.listen();
    try {
      await joined;
    } catch (error) {
      this.abandon();
      throw error;
    }
    this.#switched();
    if (!this.#state) throw new Error("joined without a snapshot");
    return this.#state;
  }

  /** @param {string} text */
  async chat(text) {
    await this.#request({ type: "chat", text });
  }

  /** Say goodbye, and wait a moment for the server to have heard it. */
  async leave() {
    const socket = this.#socket;
    if (!socket || socket.closed) return;
    this.#stop();
    // The reply to `leave` is that the server closes the socket.
    await Promise.race([this.#request({ type: "leave" }).catch(() => {}), pause(1000)]);
    socket.close(1000);
  }

  /** Be gone at once, as a closed tab is: the close of the socket is what the others are told. */
  abandon() {
    this.silence();
    this.#stop();
    this.#socket?.close(1000);
  }

  #stop() {
    this.#unfollow();
    this.legs.close();
  }

  /**
   * @param {import("../protocol/types.js").Command} command
   * @returns {Promise<Reply>}
   */
  #request(command) {
    return this.#socket ? this.#socket.request(command) : Promise.reject(new Error("there is no socket"));
  }

  #switched() {
    this.legs.send(this.#local.tracks);
    if (this.#state) this.#updates.tell(this.#local.switches);
  }

  /** @param {ServerEvent} event */
  #receive(event) {
    switch (event.type) {
      case "joined":
        return this.#become(fromSnapshot(event));
      case "participant_joined":
      case "participant_updated":
      case "participant_left":
      case "chat":
        return this.#apply(event);
      case "offer":
        return this.legs.receive(event);
      case "media_lost":
        return this.legs.lose();
      case "media_restored":
        return void this.legs.restore();
      case "server_stopping":
        return this.emit("stopping", event.message);
    }
  }

  /** @param {RoomEvent} event */
  #apply(event) {
    if (!this.#state) return;
    try {
      const state = applyEvent(this.#state, event);
      if (state === this.#state) return;
      this.#become(state);
      this.emit("event", event);
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      console.error("chatroom:", error);
      this.#socket?.close(LOST_TRACK);
    }
  }

  /** @param {RoomState} state */
  #become(state) {
    this.#state = state;
    this.legs.people = state.participants.length;
    this.emit("room", state);
  }

  /** @param {Closed} closed */
  #end(closed) {
    this.#stop();
    this.emit("ended", closed);
    this.silence();
  }
}

/** @param {number} ms @returns {Promise<void>} */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
