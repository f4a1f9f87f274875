// Why this number?: a data-drawer link's page is shown in the sheet at the right. The dialog element gives the focus back and closes on Escape.

const drawer = document.getElementById("drawer");
const body = document.getElementById("drawer-body");
let asked = 0;

/** Loads a page of ours into the drawer and opens it. */
export async function show(href) {
  const turn = ++asked;
  document.getElementById("drawer-page").href = href;
  body.replaceChildren(document.getElementById("drawer-waiting").content.cloneNode(true));
  if (!drawer.open) drawer.showModal();
  const found = await content(href);
  if (turn !== asked) return;
  body.replaceChildren(...found);
  body.scrollTop = 0;
  window.htmx?.process(body);
  body.dispatchEvent(new CustomEvent("kampass:loaded", { bubbles: true }));
}

async function content(href) {
  try {
    const answer = await fetch(href, { headers: { "HX-Request": "true", "HX-Target": "drawer-body" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.getElementById("content") ?? page.body;
    document.getElementById("drawer-title").textContent = page.querySelector("h1")?.textContent.trim() || "Why this number?";
    return part.childNodes;
  } catch {
    return [trouble()];
  }
}

function trouble() {
  const words = document.createElement("p");
  words.setAttribute("role", "alert");
  words.textContent = "The server did not answer. Open it as a page, or try again in a moment.";
  return words;
}

function clicked(event) {
  const link = event.target.closest("a[data-drawer]");
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !plain) return;
  event.preventDefault();
  show(link.href);
}

if (drawer) {
  document.addEventListener("click", clicked);
  drawer.addEventListener("click", (event) => event.target === drawer && drawer.close());
  drawer.addEventListener("close", () => body.replaceChildren());
}
