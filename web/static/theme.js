// Not a module, so that it runs before the first paint: a page that flashes in the wrong theme hurts in the dark.
{
  let theme = null;
  try {
    theme = localStorage.getItem("chatroom.theme");
  } catch {
    // Forbidden storage means the system's theme.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
