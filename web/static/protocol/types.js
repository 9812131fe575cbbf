/**
 * The words on the wire, as docs/protocol.md defines them.
 *
 * @typedef {"microphone" | "camera"} Source a device that a person switches on and off
 * @typedef {Source | `screen:${number}` | `screen_sound:${number}`} TrackSource what a track is of; the same number belongs together
 *
 * @typedef {object} Participant
 * @property {string} id
 * @property {number} epoch the number of this admission; it only grows
 * @property {string} name
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {"present" | "reconnecting"} connection
 * @property {number} joined_at
 * @property {number[]} screens the numbers of those that are shared
 *
 * @typedef {object} Message
 * @property {number} id
 * @property {string} participant
 * @property {string} name
 * @property {string} text
 * @property {number} at
 *
 * @typedef {{participant: string, source: string}} TrackOwner
 *
 * @typedef {{urls: string[], username?: string | undefined, credential?: string | undefined}} IceServer
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
 * @property {number} media_session which life of the media worker this is
 * @property {string} token the key to this stay
 * @property {number} heartbeat seconds of silence before the server asks
 * @property {IceServer[]} ice_servers
 * @property {number} screens how many screens one may share at a time
 *
 * @typedef {object} Resumed
 * @property {"resumed"} type
 * @property {string | null} ref
 * @property {number} seq
 * @property {boolean} media
 * @property {number} media_session
 * @property {IceServer[]} ice_servers
 *
 * @typedef {{type: "ok", ref: string | null}} Ok
 * @typedef {{type: "published", ref: string | null, sdp: string}} Published
 * @typedef {{type: "error", ref: string | null, code: string, message: string}} Refusal
 * @typedef {Joined | Resumed | Ok | Published | Refusal} Reply
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
 * @typedef {{type: "skipped", seq: number}} Skipped
 * @typedef {{type: "offer", offer: number, sdp: string, tracks: Record<string, TrackOwner>}} Offer
 * @typedef {{type: "ice_servers", ice_servers: IceServer[]}} IceServersRenewed
 * @typedef {{type: "media_lost", message: string, retry_after?: number}} MediaLost
 * @typedef {{type: "media_restored", media_session: number}} MediaRestored
 * @typedef {{type: "video_paused", participant: string, source: string, reason: "bandwidth" | "layout" | "codec"}} VideoPaused
 * @typedef {{type: "video_resumed", participant: string, source: string}} VideoResumed
 * @typedef {{type: "layers", mid: string, rids: string[]}} Layers
 * @typedef {{type: "republish"}} Republish
 * @typedef {{type: "speakers", speaking: string[], spoke: string[]}} SpeakersTold
 * @typedef {1 | 2 | 3 | 4} SignalLevel 4 is good, 1 is hardly there
 * @typedef {"uplink" | "downlink"} Direction
 * @typedef {{type: "report_wanted"}} ReportWanted
 * @typedef {{type: "signal", participant: string, level: SignalLevel, uplink: SignalLevel | null, downlink: SignalLevel | null, since: number}} Signal
 * @typedef {{kind: string, participant: string | null, direction: Direction | null, source: string | null}} ProblemName
 * @typedef {ProblemName & {type: "problem", severity: "mild" | "severe", since: number, concerns: string[], figures: Record<string, number>}} Problem
 * @typedef {ProblemName & {type: "problem_over"}} ProblemOver
 * @typedef {{type: "ping", n: number, rtt: number | null}} Ping
 * @typedef {{type: "server_stopping", message: string, stops_in: number, back_in: number}} ServerStopping
 * @typedef {Skipped | Offer | IceServersRenewed | MediaLost | MediaRestored | VideoPaused | VideoResumed | Layers | Republish | SpeakersTold | ReportWanted | Signal | Problem | ProblemOver | Ping | ServerStopping} Notice
 *
 * @typedef {Reply | RoomEvent | Notice} ServerEvent
 */

/**
 * Commands.
 *
 * @typedef {{type: "join", room: string, name: string, microphone: boolean, camera: boolean, screens: readonly number[], key?: string}} Join
 * @typedef {{type: "resume", room: string, token: string, seq: number, microphone: boolean, camera: boolean, screens: readonly number[]}} Resume
 * @typedef {{type: "leave"}} Leave
 * @typedef {{type: "chat", text: string}} Chat
 * @typedef {{type: "update", microphone?: boolean, camera?: boolean, screens?: readonly number[]}} Update
 * @typedef {{type: "publish", sdp: string, tracks: Record<string, TrackSource>}} Publish
 * @typedef {{type: "answer", offer: number, sdp: string}} Answer
 * @typedef {{type: "restart", fresh: boolean}} Restart
 * @typedef {{type: "layout", sizes: Record<string, number>}} Layout
 * @typedef {"live" | "off" | "muted" | "ended" | "denied" | "missing" | "busy"} CaptureState
 * @typedef {{state: CaptureState, level: number | null}} CaptureReport
 * @typedef {{seconds: number, packets: number | null, level: number | null, concealed: number | null, frames: number | null, frozen: number | null}} PlayingReport
 * @typedef {"none" | RTCPeerConnectionState} ConnectionReport
 * @typedef {{type: "report", microphone: CaptureReport, camera: CaptureReport, sound: "playing" | "blocked" | "off", publish: ConnectionReport, subscribe: ConnectionReport, playing: Record<string, PlayingReport>, talking: boolean, silent: boolean, dark: boolean, hidden: boolean}} Report
 * @typedef {{type: "ping"}} Asking
 * @typedef {{type: "pong", n: number}} Pong
 * @typedef {Join | Resume | Leave | Chat | Update | Publish | Answer | Restart | Layout | Report | Asking | Pong} Command
 */

export {};
