/**
 * What the browser tells of the network and of the page itself, none of which is to be believed: it is only a reason to
 * look. A page is "offline" beside a server on the same machine, and "online" on a network that leads nowhere.
 * @param {(why: {network: boolean}) => void} doubt
 * @returns {() => void} stops listening
 */
export function watchSigns(doubt) {
  const network = () => doubt({ network: true });
  const woke = () => {
    if (document.visibilityState === "visible") doubt({ network: false });
  };
  const connection = /** @type {{connection?: EventTarget}} */ (navigator).connection;
  /** @type {[EventTarget | undefined, string, () => void][]} */
  const signs = [
    [window, "online", network],
    [window, "offline", network],
    [connection, "change", network],
    [document, "visibilitychange", woke],
    // The browser had stopped this page altogether.
    [document, "resume", woke],
    [window, "pageshow", woke],
  ];
  for (const [target, type, listener] of signs) target?.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of signs) target?.removeEventListener(type, listener);
  };
}

/**
 * @param {(hidden: boolean) => void} tell whether nothing of this page can be seen
 * @returns {() => void} stops listening
 */
export function watchHidden(tell) {
  const look = () => tell(document.visibilityState === "hidden");
  document.addEventListener("visibilitychange", look);
  look();
  return () => document.removeEventListener("visibilitychange", look);
}
