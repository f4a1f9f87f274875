// A dashboard that is being arranged: tiles dragged by their bar, sized by their corner, moved by arrow keys or buttons. Each change is kept at once and can be
// undone; the server says where the tiles lie then, so that page and server never disagree. On narrow screens the forms alone do it.
import { GridStack } from "../vendor/gridstack.js";
import { toast } from "./app.js";

const board = document.getElementById("board");
const undo = document.getElementById("undo");
const KEYS = { ArrowLeft: ["left", "narrower"], ArrowRight: ["right", "wider"], ArrowUp: ["up", "shorter"], ArrowDown: ["down", "taller"] };
const ROOM = 896;
const past = [];
let grid;
let known;
let settling = false;
let queue = Promise.resolve();

function items() {
  return [...board.querySelectorAll(":scope > .grid-stack-item:not(.grid-stack-placeholder)")];
}

function places() {
  return items().map((item) => ({ id: item.getAttribute("gs-id"), ...place(item) }));
}

// The smallest width and height is one, which the grid does not write down.
function place(item) {
  const [x, y, w, h] = ["x", "y", "w", "h"].map((name) => Number(item.getAttribute(`gs-${name}`) ?? (name === "w" || name === "h" ? 1 : 0)));
  return { x, y, w, h };
}

/** Sends a form and lays the tiles where the server says they lie; `remember` keeps the way back. */
function send(address, fields, { remember = true } = {}) {
  queue = queue.then(async () => {
    const before = known;
    const body = new URLSearchParams({ csrf: board.dataset.csrf, ...fields });
    try {
      const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      lay(await answer.json());
      if (remember) past.push(before);
      undo.disabled = past.length === 0;
    } catch {
      lay(before);
      toast("This change was not kept. Load the page again and repeat it.", "bad");
    }
  });
  return queue;
}

function lay(found) {
  known = found;
  settling = true;
  grid?.batchUpdate();
  for (const { id, ...at } of found) {
    const item = board.querySelector(`[gs-id="${CSS.escape(id)}"]`);
    if (!item) continue;
    if (grid) grid.update(item, at);
    else put(item, at);
  }
  grid?.batchUpdate(false);
  settling = false;
  fit();
}

// Without room for the grid the tiles lie in the order of the page, which is that of the rows.
function put(item, { x, y, w, h }) {
  item.className = `grid-stack-item at-${x} wide-${w} high-${h}`;
  for (const [name, value] of Object.entries({ x, y, w, h })) item.setAttribute(`gs-${name}`, value);
  const held = item.contains(document.activeElement) ? document.activeElement : null;
  board.append(item);
  held?.focus();
}

function fit() {
  dispatchEvent(new Event("resize"));
}

function say(item) {
  const { x, y, w, h } = place(item);
  document.getElementById("board-said").textContent = `${item.dataset.about}: column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`;
}

function dragged() {
  if (settling) return;
  send(board.dataset.places, { places: JSON.stringify(places()) });
}

async function pressed(event) {
  const grip = event.target.closest("[data-move-by-key]");
  const steps = KEYS[event.key];
  if (!grip || !steps || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  await send(grip.dataset.moveByKey, { do: steps[event.shiftKey ? 1 : 0] });
  say(grip.closest(".grid-stack-item"));
}

async function submitted(event) {
  const form = event.target.closest("form[data-move]");
  if (!form) return;
  event.preventDefault();
  await send(form.getAttribute("action"), { do: event.submitter.value });
  say(form.closest(".grid-stack-item"));
}

async function undone() {
  const before = past.pop();
  if (before) await send(board.dataset.places, { places: JSON.stringify(before) }, { remember: false });
}

function start() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  board.classList.add("grid-stack");
  grid = GridStack.init({
    column: 12, cellHeight: 90, margin: 8, animate: !still, alwaysShowResizeHandle: true,
    draggable: { handle: ".board-bar", cancel: "a, summary, .menu-sheet, form button" }, resizable: { handles: "se" },
  }, board);
  grid.on("change", dragged);
  grid.on("resizestop", fit);
}

if (board) {
  known = places();
  if (board.clientWidth >= ROOM) start();
  board.addEventListener("keydown", pressed);
  board.addEventListener("submit", submitted);
  undo.addEventListener("click", undone);
}
