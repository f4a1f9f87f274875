// What every page does beyond links and forms: theme, copying, toasts, menus that close. Each of them has something that works without it.
import "./drawer.js";
import "./palette.js";
import "./table.js";

const STAYS = 6000;

/** Says what happened, for a while. kind: good, bad, info. */
export function toast(text, kind = "info") {
  const list = document.getElementById("toasts");
  if (!list) return;
  const item = document.createElement("li");
  item.className = `toast toast-${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  item.append(drawn(list.dataset.icons, kind), words);
  list.append(item);
  leave(item);
}

function drawn(sheet, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sheet}#${name}`);
  svg.append(use);
  return svg;
}

// One that is being read, or that reports trouble, stays until it is dismissed.
function leave(item) {
  if (item.classList.contains("toast-bad")) return;
  setTimeout(() => (item.matches(":hover, :focus-within") ? leave(item) : item.remove()), STAYS);
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, "good");
  } catch {
    toast("The browser did not let us copy. Select the text and copy it by hand.", "bad");
  }
}

/** This page's address with what the server chose for a question that the address leaves open, such as the latest period: tomorrow that is another one. */
function whole(chosen) {
  const address = new URL(location.href);
  const given = new URLSearchParams(chosen.split("?")[1]);
  const open = new Set([...given.keys()].filter((name) => !address.searchParams.get(name)));
  for (const name of open) address.searchParams.delete(name);
  for (const [name, value] of given) if (open.has(name)) address.searchParams.append(name, value);
  return address.href;
}

function choose(theme) {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("kampass-theme");
    else localStorage.setItem("kampass-theme", theme);
  } catch {
    // It holds for this page only.
  }
  showTheme();
  document.dispatchEvent(new CustomEvent("kampass:theme"));
}

function showTheme() {
  const theme = document.documentElement.dataset.theme ?? "system";
  for (const choice of document.querySelectorAll("[data-theme-choice]")) choice.checked = choice.value === theme;
}

const WORDS = /(--[^\n]*)|('(?:[^']|'')*')|\b(select|from|where|and|or|not|as|with|join|left|inner|cross|on|using|group|order|by|having|limit|union|all|case|when|then|else|end|is|null|in|between|distinct|filter|over|partition|lateral|values|cast|interval|date|timestamp|true|false|asc|desc|exists|except|qualify)\b/gi;

/** Marks notes, texts and words of a query by nodes of their own: its text is never read as markup. */
function mark(code) {
  const text = code.textContent;
  const pieces = [];
  let done = 0;
  for (const found of text.matchAll(WORDS)) {
    const span = document.createElement("span");
    span.className = found[1] ? "code-note" : found[2] ? "code-text" : "code-word";
    span.textContent = found[0];
    pieces.push(text.slice(done, found.index), span);
    done = found.index + found[0].length;
  }
  code.replaceChildren(...pieces, text.slice(done));
}

function dress(root) {
  for (const code of root.querySelectorAll('code[data-language="sql"]')) mark(code);
}

function clicked(event) {
  const at = (selector) => event.target.closest(selector);
  const source = at("[data-copy]");
  if (source) copy(document.querySelector(source.dataset.copy)?.textContent ?? "", "Copied");
  else if (at("[data-copy-link]")) copy(whole(at("[data-copy-link]").dataset.copyLink), "Link copied. A colleague sees it within their own rights.");
  else if (at("[data-print]")) print();
  else if (at("[data-dismiss]")) at(".toast").remove();
  for (const menu of document.querySelectorAll("details:is(.menu, .topmenu)[open]")) if (!menu.contains(event.target)) menu.open = false;
}

function pressed(event) {
  const menu = event.key === "Escape" && event.target.closest?.("details:is(.menu, .topmenu)[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

function submitted(event) {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
}

showTheme();
dress(document);
for (const item of document.querySelectorAll("#toasts > .toast")) leave(item);
document.addEventListener("click", clicked);
document.addEventListener("keydown", pressed);
document.addEventListener("submit", submitted);
document.addEventListener("change", ({ target }) => target.matches("[data-theme-choice]") && choose(target.value));
document.addEventListener("kampass:toast", ({ detail }) => toast(detail.text, detail.kind));
document.addEventListener("kampass:loaded", ({ target }) => dress(target));
