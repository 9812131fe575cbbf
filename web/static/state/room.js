/** What is known of the room: a snapshot, and each numbered event applied to it. Pure. */

/** @import { Joined, Message, Participant, RoomEvent } from "../protocol/types.js" */

/**
 * @typedef {object} RoomState
 * @property {number} seq
 * @property {string} room
 * @property {string} you
 * @property {readonly Participant[]} participants in order of joining
 * @property {readonly Message[]} messages
 * @property {number} mediaPort
 */

/** Older messages than this are let go, so that a long meeting does not grow without end. */
export const MESSAGES_KEPT = 1000;

/** An event is missing: what is shown could be wrong, which is worse than showing nothing. */
export class GapError extends Error {
  /** @param {number} expected @param {number} got */
  constructor(expected, got) {
    super(`the room's event ${expected} is missing, ${got} came instead`);
    this.name = "GapError";
  }
}

/**
 * @param {Joined} joined
 * @returns {RoomState}
 */
export function fromSnapshot(joined) {
  return Object.freeze({
    seq: joined.seq,
    room: joined.room,
    you: joined.you,
    participants: joined.participants,
    messages: joined.messages,
    mediaPort: joined.media_port,
  });
}

/**
 * @param {RoomState} state
 * @param {RoomEvent} event
 * @returns {RoomState} the same object where the event is already in it
 * @throws {GapError}
 */
export function applyEvent(state, event) {
  if (event.seq <= state.seq) return state;
  if (event.seq !== state.seq + 1) throw new GapError(state.seq + 1, event.seq);
  return Object.freeze({ ...state, seq: event.seq, ...change(state, event) });
}

/**
 * Events up to this one that did not come are overtaken by later ones.
 * @param {RoomState} state
 * @param {number} seq
 * @returns {RoomState}
 */
export const skipTo = (state, seq) => (seq > state.seq ? Object.freeze({ ...state, seq }) : state);

/**
 * @param {RoomState} state
 * @param {RoomEvent} event
 * @returns {Partial<RoomState>}
 */
function change(state, event) {
  switch (event.type) {
    case "participant_joined":
      return { participants: [...without(state, event.participant.id), event.participant] };
    case "participant_updated":
      return {
        participants: state.participants.map((each) => (each.id === event.participant.id ? event.participant : each)),
      };
    case "participant_left":
      return { participants: without(state, event.id) };
    case "chat":
      return { messages: [...state.messages, event.message].slice(-MESSAGES_KEPT) };
  }
}

/** @param {RoomState} state @param {string} id */
const without = (state, id) => state.participants.filter((each) => each.id !== id);

/**
 * @typedef {object} Person what is shown of a participant
 * @property {string} id
 * @property {string} name
 * @property {string} label the name, and "(you)" behind one's own
 * @property {boolean} own
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {boolean} reconnecting
 * @property {readonly number[]} screens the numbers of those that are shared
 */

/**
 * Everyone, with oneself as things are here: no round trip is waited for to show it.
 * @param {RoomState} state
 * @param {{microphone: boolean, camera: boolean, screens: readonly number[], reconnecting: boolean}} here
 * @returns {Person[]}
 */
export function peopleOf(state, here) {
  return state.participants.map(({ id, name, microphone, camera, screens, connection }) => {
    const own = id === state.you;
    const shown = own ? here : { microphone, camera, screens, reconnecting: connection === "reconnecting" };
    return { id, name, label: own ? `${name} (you)` : name, own, ...shown };
  });
}
