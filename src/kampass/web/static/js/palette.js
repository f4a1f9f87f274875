// The command palette: any account, KPI or page from the keyboard. The server finds; this opens, asks and moves.

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
let asking;

async function ask() {
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(`/palette?q=${encodeURIComponent(input.value)}`, { headers: { "HX-Request": "true" }, signal: asking.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    put(await answer.text());
  } catch (error) {
    if (error.name !== "AbortError") say("The server did not answer. Press Enter to search on a page.");
  }
}

function put(markup) {
  list.replaceChildren(...new DOMParser().parseFromString(markup, "text/html").body.childNodes);
  select(options()[0]);
}

function say(text) {
  const words = document.createElement("p");
  words.className = "palette-none";
  words.textContent = text;
  list.replaceChildren(words);
  select(undefined);
}

function options() {
  return [...list.querySelectorAll('[role="option"]')];
}

function selected() {
  return list.querySelector('[aria-selected="true"]');
}

function select(option) {
  selected()?.setAttribute("aria-selected", "false");
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", option.id);
}

function move(step) {
  const all = options();
  if (all.length) select(all[(all.indexOf(selected()) + step + all.length) % all.length]);
}

function open() {
  if (dialog.open) return;
  dialog.showModal();
  input.select();
  ask();
}

function pressed(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) move(step);
  else if (event.key === "Enter" && selected()) selected().click();
  else return;
  event.preventDefault();
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a[data-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  list.addEventListener("pointermove", (event) => select(event.target.closest('[role="option"]') ?? selected()));
  list.addEventListener("click", (event) => event.target.closest("a") && dialog.close());
  input.addEventListener("input", ask);
  input.addEventListener("keydown", pressed);
}
