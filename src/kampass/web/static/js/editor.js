// The editor's field: line numbers, Tab that indents without holding anybody, and the way from a finding to its line.
const draft = document.getElementById("draft");
const lines = document.getElementById("draft-lines");
let leaving = false;

function number() {
  lines.textContent = Array.from({ length: draft.value.split("\n").length }, (_, index) => index + 1).join("\n");
  lines.scrollTop = draft.scrollTop;
}

function put(text) {
  draft.setRangeText(text, draft.selectionStart, draft.selectionEnd, "end");
  draft.dispatchEvent(new Event("input", { bubbles: true }));
}

function pressed(event) {
  if (event.key === "Tab" && !event.shiftKey && !event.ctrlKey && !event.altKey && !leaving) {
    event.preventDefault();
    put("  ");
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    const line = draft.value.slice(0, draft.selectionStart).split("\n").at(-1);
    put(`\n${line.match(/^ */)[0]}`);
  }
  leaving = event.key === "Escape" || (leaving && event.key === "Shift");
}

function show(line) {
  const before = draft.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const end = draft.value.indexOf("\n", before);
  draft.focus();
  draft.setSelectionRange(before, end < 0 ? draft.value.length : end);
  draft.scrollTop = (line - 4) * Number.parseFloat(getComputedStyle(draft).lineHeight);
}

number();
draft.addEventListener("input", number);
draft.addEventListener("scroll", () => { lines.scrollTop = draft.scrollTop; });
draft.addEventListener("keydown", pressed);
document.addEventListener("click", ({ target }) => {
  const found = target.closest("[data-line]");
  if (found) show(Number(found.dataset.line));
  if (target.closest('a[href="#countable"]')) document.getElementById("countable").open = true;
});
