/** `/`: choose a room. */

import { RoomChooser } from "../components/room_chooser.js";
import { ThemeToggle } from "../components/theme_toggle.js";

const chooser = new RoomChooser();
chooser.addEventListener("chosen", (event) => {
  location.assign(/** @type {CustomEvent<{path: string}>} */ (event).detail.path);
});
document.querySelector("#chooser")?.append(chooser);
document.querySelector("#theme")?.append(new ThemeToggle());
