// The same room chat on Node.js and ws: who is there is told, what is said is sent to everyone in the room.
// Written to once per broadcast; compression is off, as it is by default.

import { randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";

/** @typedef {{ people: Map<import("ws").WebSocket, object>, seq: number, messages: number }} Room */

/** @type {Map<string, Room>} */
const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/ws", perMessageDeflate: false });

/** @param {Room} room @param {object} event */
function tell(room, event) {
  // As bytes, so that ws does not encode it again for each.
  const frame = Buffer.from(JSON.stringify(event));
  for (const socket of room.people.keys()) socket.send(frame, { binary: false });
}

server.on("connection", (socket) => {
  /** @type {Room | undefined} */
  let room;
  /** @type {any} */
  let me;

  socket.on("message", (data) => {
    const command = JSON.parse(data.toString());
    if (command.type === "join" && room === undefined) {
      room = rooms.get(command.room);
      if (room === undefined) rooms.set(command.room, (room = { people: new Map(), seq: 0, messages: 0 }));
      const { name, microphone, camera } = command;
      const id = randomBytes(8).toString("hex");
      me = { id, epoch: 1, name, microphone, camera, connection: "present", joined_at: Date.now() / 1000 };
      tell(room, { type: "participant_joined", seq: ++room.seq, participant: me });
      room.people.set(socket, me);
      const participants = [...room.people.values()];
      const joined = { type: "joined", ref: command.ref, seq: room.seq, room: command.room, you: id, participants };
      socket.send(JSON.stringify(joined));
    } else if (command.type === "chat" && room !== undefined) {
      const { id: participant, name } = me;
      const message = { id: ++room.messages, participant, name, text: command.text, at: Date.now() / 1000 };
      tell(room, { type: "chat", seq: ++room.seq, message });
    }
  });

  socket.on("error", () => socket.terminate());

  socket.on("close", () => {
    if (room === undefined || !room.people.delete(socket)) return;
    tell(room, { type: "participant_left", seq: ++room.seq, id: me.id, name: me.name, reason: "left" });
  });
});

server.on("listening", () => console.log(`running on http://127.0.0.1:${/** @type {any} */ (server.address()).port}`));
