/**
 * The words on the wire, as docs/protocol.md defines them.
 *
 * @typedef {"microphone" | "camera"} Source
 *
 * @typedef {object} Participant
 * @property {string} id
 * @property {number} epoch the number of this admission; it only grows
 * @property {string} name
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {number} joined_at
 *
 * @typedef {object} Message
 * @property {number} id
 * @property {string} participant
 * @property {string} name
 * @property {string} text
 * @property {number} at
 *
 * @typedef {{participant: string, source: string}} TrackOwner
 */

/**
 * Replies.
 *
 * @typedef {object} Joined
 * @property {"joined"} type
 * @property {string | null} ref
 * @property {number} seq
 * @property {number} protocol
 * @property {string} room
 * @property {string} you
 * @property {Participant[]} participants
 * @property {Message[]} messages
 * @property {boolean} media
 * @property {number} media_port
 *
 * @typedef {{type: "ok", ref: string | null}} Ok
 * @typedef {{type: "published", ref: string | null, sdp: string}} Published
 * @typedef {{type: "error", ref: string | null, code: string, message: string}} Refusal
 * @typedef {Joined | Ok | Published | Refusal} Reply
 */

/**
 * Room events.
 *
 * @typedef {{type: "participant_joined", seq: number, participant: Participant}} ParticipantJoined
 * @typedef {{type: "participant_updated", seq: number, participant: Participant}} ParticipantUpdated
 * @typedef {{type: "participant_left", seq: number, id: string, name: string, reason: string}} ParticipantLeft
 * @typedef {{type: "chat", seq: number, message: Message}} ChatSaid
 * @typedef {ParticipantJoined | ParticipantUpdated | ParticipantLeft | ChatSaid} RoomEvent
 */

/**
 * Notices.
 *
 * @typedef {{type: "offer", offer: number, sdp: string, tracks: Record<string, TrackOwner>}} Offer
 * @typedef {{type: "media_lost", message: string}} MediaLost
 * @typedef {{type: "media_restored"}} MediaRestored
 * @typedef {{type: "ping"}} Ping
 * @typedef {{type: "server_stopping", message: string}} ServerStopping
 * @typedef {Offer | MediaLost | MediaRestored | Ping | ServerStopping} Notice
 *
 * @typedef {Reply | RoomEvent | Notice} ServerEvent
 */

/**
 * Commands.
 *
 * @typedef {{type: "join", room: string, name: string, microphone: boolean, camera: boolean}} Join
 * @typedef {{type: "leave"}} Leave
 * @typedef {{type: "chat", text: string}} Chat
 * @typedef {{type: "update", microphone?: boolean, camera?: boolean}} Update
 * @typedef {{type: "publish", sdp: string, tracks: Record<string, Source>}} Publish
 * @typedef {{type: "answer", offer: number, sdp: string}} Answer
 * @typedef {{type: "pong"}} Pong
 * @typedef {Join | Leave | Chat | Update | Publish | Answer | Pong} Command
 */

export {};
