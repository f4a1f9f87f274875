// The words beside the pointer. Written as text, never as HTML: labels in a chart come from data. A popover, so that it stands above an open drawer.

const GAP = 12;

/** Vega's tooltip handler: show a mark's fields, or put the words away. */
export function tip(_handler, event, _item, value) {
  const box = element();
  if (value === null || value === undefined || value === "") {
    if (box.matches(":popover-open")) box.hidePopover();
    return;
  }
  box.replaceChildren(...(typeof value === "object" ? lines(value) : [String(value)]));
  if (!box.matches(":popover-open")) box.showPopover();
  place(box, event);
}

function element() {
  const found = document.getElementById("chart-tip");
  if (found) return found;
  const box = document.createElement("div");
  box.id = "chart-tip";
  box.popover = "manual";
  box.setAttribute("aria-hidden", "true");
  document.body.append(box);
  return box;
}

function lines(fields) {
  const list = document.createElement("dl");
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const [term, words] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    words.textContent = value;
    list.append(term, words);
  }
  return [list];
}

/** Beside the pointer, inside the window. */
function place(box, { clientX, clientY }) {
  const { width, height } = box.getBoundingClientRect();
  const left = clientX + GAP + width > innerWidth ? clientX - GAP - width : clientX + GAP;
  const top = clientY + GAP + height > innerHeight ? clientY - GAP - height : clientY + GAP;
  box.style.left = `${Math.max(4, left)}px`;
  box.style.top = `${Math.max(4, top)}px`;
}
