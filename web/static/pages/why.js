/** From the button on somebody's card to the server's answer. */

import { h } from "../components/dom.js";
import { diagnose, Unanswered } from "../protocol/diagnosis.js";
import { peopleOf } from "../state/room.js";
import { whyTitle } from "../text/why.js";
import { heard } from "./heard.js";

/** @import { RoomView } from "../components/room_view.js" */
/** @import { Question } from "../protocol/diagnosis.js" */
/** @import { Session } from "../state/session.js" */

/** @param {RoomView} view @param {Session} session */
export function askWhy(view, session) {
  /** Of several questions only the last is still wondered about. */
  let last = 0;
  const button = h("button", { type: "button", class: "plain" });
  view.card.actions.prepend(button);
  heard(view.card, "opened", (/** @type {{id: string}} */ { id }) => {
    const { state } = session;
    const person = state?.participants.find((each) => each.id === id);
    button.hidden = !state || !person || state.participants.length < 2;
    if (person) button.textContent = whyTitle({ ...person, own: id === state?.you });
  });
  button.addEventListener("click", () => {
    const { state } = session;
    const id = view.card.person;
    if (!state) return;
    view.card.hidePopover();
    const screens = state.participants.find((person) => person.id === state.you)?.screens ?? [];
    const people = peopleOf(state, { microphone: true, camera: true, screens, reconnecting: false });
    const about = people.find((person) => person.id === id);
    if (about) view.why.open(about, people);
  });
  heard(view.why, "question", async (/** @type {Question} */ question) => {
    const number = ++last;
    try {
      const answer = await diagnose(session.state?.room ?? "", question);
      if (number === last) view.why.show(answer);
    } catch (error) {
      const why = error instanceof Unanswered ? error.message : "The server could not be reached. Check your network.";
      if (number === last) view.why.refuse(why);
    }
  });
}
