// Tables from the keyboard: j and k move between rows, Enter follows the row's link as it does anywhere. And how dense they stand.

const ROWS = "[data-rows] tbody tr";

function leads(row) {
  return row?.querySelector("a[href]");
}

function move(event) {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const frame = event.target.closest("[data-rows]") ?? (event.target === document.body ? document.querySelector("[data-rows]") : null);
  if (!frame) return;
  const rows = [...frame.querySelectorAll("tbody tr")].filter(leads);
  const at = rows.indexOf(event.target.closest(ROWS));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
  if (!next) return;
  event.preventDefault();
  leads(next).focus({ focusVisible: true });
  next.scrollIntoView({ block: "nearest" });
}

function typing(target) {
  return target.closest?.("input, select, textarea, [contenteditable], dialog[open] input") !== null;
}

function showDensity() {
  const compact = document.documentElement.dataset.density === "compact";
  for (const button of document.querySelectorAll("[data-density]:not(html)")) button.setAttribute("aria-pressed", String(compact));
}

function changeDensity() {
  const root = document.documentElement;
  const compact = root.dataset.density !== "compact";
  if (compact) root.dataset.density = "compact";
  else delete root.dataset.density;
  try {
    localStorage.setItem("kampass-density", compact ? "compact" : "roomy");
  } catch {
    // It holds for this page only.
  }
  showDensity();
}

showDensity();
document.addEventListener("keydown", move);
document.addEventListener("click", (event) => event.target.closest("button[data-density]") && changeDensity());
