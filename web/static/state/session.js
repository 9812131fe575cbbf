/**
 * Being in a room: what this page says, what it hears, and what it knows because of that.
 *
 * A session is more than its socket. When that is lost it goes on with the next one: what it knows, its connections for
 * pictures and sound and what was written meanwhile are all still there.
 */

import { Emitter } from "../base/emitter.js";
import { newKey } from "../protocol/key.js";
import { CommandRefused } from "../protocol/socket.js";
import { Legs } from "../rtc/legs.js";
import { Connection } from "./connection.js";
import { LayoutSender } from "./layout_sender.js";
import { Outbox } from "./outbox.js";
import { PausedPictures } from "./paused_pictures.js";
import { GIVE_UP_AFTER } from "./reconnect.js";
import { Reporter } from "./reporter.js";
import { applyEvent, fromSnapshot, GapError, skipTo } from "./room.js";
import { Speakers } from "./speakers.js";
import { Trouble } from "./trouble.js";
import { UpdateSender } from "./update_sender.js";

/** @import { Socket } from "../protocol/socket.js" */
/** @import { Joined, Resumed, RoomEvent, ServerEvent, ServerStopping } from "../protocol/types.js" */
/** @import { LocalMedia, Switches } from "../rtc/local_media.js" */
/** @import { PublishLeg } from "../rtc/publish_leg.js" */
/** @import { Ended } from "./connection.js" */
/** @import { RoomState } from "./room.js" */

/**
 * @typedef {object} SessionEvents
 * @property {RoomState} room the room as it is now
 * @property {RoomEvent} event what changed it, after `room`
 * @property {"connected" | "reconnecting"} connection
 * @property {ServerStopping} stopping the server says goodbye
 * @property {PausedPictures["pictures"]} paused pictures that are not sent here, and why
 * @property {string} token the key to this stay, whenever it is another
 * @property {Ended} ended
 */

/** @extends {Emitter<SessionEvents>} */
export class Session extends Emitter {
  #local;
  #connection;
  /** @type {RoomState | null} */
  #state = null;
  #updates;
  #outbox;
  paused = new PausedPictures((pictures) => this.emit("paused", pictures));
  speakers = new Speakers();
  trouble = new Trouble();
  /** What this page says of itself. */
  reports;
  /** How large every picture is shown. */
  layout;
  /** @type {() => void} */
  #unfollow;
  #room = "";
  #name = "";
  #token = "";
  /** With which a join is said again that was not answered: whoever was let in by it is found by it. */
  #key = "";
  /** What is shown could be wrong: only a snapshot helps. */
  #astray = false;
  /** @type {{media: boolean, anew: boolean}} what is at the other end of the legs */
  #media = { media: true, anew: false };
  /** Which life of the media worker the legs belong to; null where that was not said. @type {number | null} */
  #mediaSession = null;
  /** The newest event when the page came back: those up to it are what was missed. */
  #newest = 0;
  #missed = 0;
  #caughtUp = false;
  /** Whether the page was in the room before. */
  #returns = false;
  /** What has to follow the first join at once. @type {() => void} */
  #publish = () => {};

  /**
   * @param {object} parts
   * @param {() => Socket} parts.connect
   * @param {LocalMedia} parts.local
   * @param {() => number} [parts.now]
   * @param {() => number} [parts.random]
   */
  constructor({ connect, local, now, random }) {
    super();
    this.#local = local;
    this.#connection = new Connection({ connect, now, random, enter: (socket, away) => this.#enter(socket, away) });
    this.#connection.on("event", (event) => this.#receive(event));
    this.#connection.on("lost", () => this.#lost());
    this.#connection.on("entered", () => this.#entered());
    this.#connection.on("ended", (ended) => this.#end(ended));
    const request = this.#connection.request.bind(this.#connection);
    this.legs = new Legs({
      publish: (offer) =>
        request({ type: "publish", ...offer }).then((reply) => (reply.type === "published" ? reply.sdp : "")),
      answer: async (offer, sdp) => void (await request({ type: "answer", offer, sdp })),
      restart: async (fresh) => void (await request({ type: "restart", fresh })),
    });
    this.#updates = new UpdateSender((switches) => request({ type: "update", ...switches }));
    this.layout = new LayoutSender((sizes) => request({ type: "layout", sizes }));
    this.reports = new Reporter((report) => request(report));
    this.#outbox = new Outbox((text) => request({ type: "chat", text }));
    this.#unfollow = local.on("change", () => this.#switched());
  }

  /** @returns {RoomState | null} null until joined */
  get state() {
    return this.#state;
  }

  get status() {
    return this.#connection.status;
  }

  /** How many events are being told that happened while the page was away. */
  get missed() {
    return this.#missed;
  }

  /** What was written and is not said yet. */
  get outbox() {
    return this.#outbox;
  }

  /**
   * Joining and publishing leave together: nothing is waited for in between.
   * @param {string} room
   * @param {string} name
   * @param {object} [brought]
   * @param {PublishLeg} [brought.prepared]
   * @param {string} [brought.token] of a stay that may still be there, from a page that was in it before
   * @param {string} [brought.key] of a join that was not answered
   * @returns {Promise<RoomState>} rejects with CommandRefused or NotAnswered
   */
  async join(room, name, { prepared, token = "", key = "" } = {}) {
    this.#room = room;
    this.#name = name;
    this.#token = token;
    this.#key = key;
    this.#publish = () => {
      void this.legs.start(this.#local.tracks, prepared);
      this.legs.listen();
    };
    try {
      await this.#connection.open();
    } catch (error) {
      this.abandon();
      throw error;
    }
    if (!this.#state) throw new Error("joined without a snapshot");
    return this.#state;
  }

  /** @param {string} text @returns {Promise<void>} resolves when it is said, after a return if need be */
  chat(text) {
    return this.#outbox.say(text);
  }

  /** The network changed, or the page woke up: see whether everything is still there. @param {{network: boolean}} why */
  doubt({ network }) {
    this.#connection.doubt();
    if (network) this.legs.networkChanged();
  }

  /** Say goodbye, and wait a moment for the server to have heard it. */
  async leave() {
    this.#stop();
    // The reply to `leave` is that the server closes the socket.
    if (this.status === "connected") await Promise.race([this.#connection.request({ type: "leave" }).catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1000))]);
    this.#connection.close();
  }

  /** Be gone at once, as a closed tab is: the close of the socket is what the others are told. */
  abandon() {
    this.silence();
    this.#stop();
    this.#connection.close();
  }

  #stop() {
    this.#unfollow();
    this.layout.close();
    this.reports.close();
    this.legs.close();
  }

  /**
   * @param {Socket} socket
   * @param {number} away
   */
  async #enter(socket, away) {
    const first = this.#state === null;
    const seq = this.#astray ? 0 : (this.#state?.seq ?? 0);
    if (this.#token) {
      try {
        await socket.request({ type: "resume", room: this.#room, token: this.#token, seq, ...this.#saySwitches() });
        if (first) {
          // The page that was here before had connections of its own.
          this.#publish();
          this.legs.relisten();
        }
        return;
      } catch (error) {
        const over = error instanceof CommandRefused && error.code === "unknown_token";
        if (!over || away >= GIVE_UP_AFTER) throw error;
        this.#token = "";
      }
    }
    this.#key ||= newKey();
    const joined = socket.request({ type: "join", room: this.#room, name: this.#name, key: this.#key, ...this.#saySwitches() });
    if (first) this.#publish();
    await joined;
  }

  /** @returns {Switches} */
  #saySwitches() {
    const { switches } = this.#local;
    this.#updates.told(switches);
    return switches;
  }

  #lost() {
    this.trouble.forget();
    this.legs.pause();
    this.#outbox.close();
    this.#caughtUp = false;
    this.emit("connection", "reconnecting");
  }

  #entered() {
    this.#astray = false;
    this.legs.resume(this.#media);
    // What took the socket has often taken the connections, too, which notice it later: a move into another network, say.
    if (this.#returns) this.legs.networkChanged();
    this.#returns = true;
    this.#media = { media: true, anew: false };
    this.#switched();
    this.layout.again();
    this.#catchUp();
    this.emit("connection", "connected");
  }

  #switched() {
    this.legs.send(this.#local.tracks);
    this.legs.share(this.#local.screens.shared);
    if (this.status === "connected") this.#updates.tell(this.#local.switches);
  }

  /** @param {ServerEvent} event */
  #receive(event) {
    for (const each of [this.speakers, this.paused, this.trouble, this.reports]) each.take(event);
    switch (event.type) {
      case "joined":
        return this.#welcome(event);
      case "resumed":
        this.#missed = this.#state ? event.seq - this.#state.seq : 0;
        return this.#find(event);
      case "skipped":
        if (this.#state) this.#state = skipTo(this.#state, event.seq);
        return this.#catchUp();
      case "participant_joined":
      case "participant_updated":
      case "participant_left":
      case "chat":
        return this.#apply(event);
      case "offer":
        return this.legs.receive(event);
      case "layers":
        return this.legs.want(event.mid, event.rids);
      case "ice_servers":
        return void (this.legs.iceServers = event.ice_servers);
      case "republish":
        return this.legs.republish();
      case "media_lost":
        return this.legs.lose(event.retry_after);
      case "media_restored":
        this.#mediaSession = event.media_session;
        return void this.legs.restore();
      case "server_stopping":
        this.#connection.backIn = event.back_in * 1000;
        return this.emit("stopping", event);
    }
  }

  /** @param {Joined} joined */
  #welcome(joined) {
    const before = this.#state;
    this.#connection.heartbeat = joined.heartbeat * 1000;
    this.#local.screens.limit = joined.screens;
    this.#missed = 0;
    this.#key = "";
    this.#find(joined);
    if (before && before.you !== joined.you) this.#media.anew = true;
    this.#outbox.begin(joined.you, joined.messages);
    this.#become(fromSnapshot(joined));
    if (joined.token === this.#token) return;
    this.#token = joined.token;
    this.emit("token", joined.token);
  }

  /** What there is, at first and after a return. @param {Joined | Resumed} there */
  #find({ seq, media, media_session, ice_servers }) {
    this.legs.iceServers = ice_servers;
    this.#newest = seq;
    this.#media = { media, anew: this.#mediaSession !== null && this.#mediaSession !== media_session };
    this.#mediaSession = media_session;
  }

  /** @param {RoomEvent} event */
  #apply(event) {
    if (!this.#state) return;
    try {
      const state = applyEvent(this.#state, event);
      if (state === this.#state) return;
      if (event.type === "chat") this.#outbox.heard(event.message);
      this.#become(state);
      this.emit("event", event);
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      console.error("chatroom:", error);
      this.#astray = true;
      return this.#connection.drop();
    }
    this.#catchUp();
  }

  /** Once everything that was missed is known, so is which messages were said: the others are sent. */
  #catchUp() {
    if (this.#caughtUp || this.status !== "connected" || !this.#state || this.#state.seq < this.#newest) return;
    this.#caughtUp = true;
    this.#missed = 0;
    this.#outbox.open();
  }

  /** @param {RoomState} state */
  #become(state) {
    this.#state = state;
    this.emit("room", state);
  }

  /** @param {Ended} ended */
  #end(ended) {
    this.#stop();
    this.emit("ended", ended);
    this.silence();
  }
}
