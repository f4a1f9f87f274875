// Sets the chosen theme before anything is painted, and tells the style sheets that scripts run. Loaded blocking, hence so small and no module.
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const theme = localStorage.getItem("kampass-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("kampass-density") === "compact") root.dataset.density = "compact";
  } catch {
    // Storage is closed to us: the system's theme it is.
  }
})();
