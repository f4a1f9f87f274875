// Draws every <figure data-chart> from the Vega-Lite specification in its JSON block. The picture is one image with a name to a screen reader: the table
// beneath is its long description. Vega is fetched on pages with charts only, and its expressions are interpreted: the page allows no eval.

import { isDark, look, locale } from "./chart-look.js";
import { tip } from "./chart-tip.js";

const drawn = new Map(); // figure -> { text, picture, result, narrow }
let queue = Promise.resolve();

/** Draw what is not drawn yet, or everything anew; the promise holds until all pictures stand. */
export function drawCharts({ anew = false } = {}) {
  queue = queue.then(async () => {
    forgetRemoved();
    for (const figure of document.querySelectorAll("figure[data-chart]")) {
      if (anew || !isCurrent(figure)) await draw(figure);
    }
  });
  return queue;
}

function isCurrent(figure) {
  const known = drawn.get(figure);
  return known && known.text === specificationOf(figure) && figure.contains(known.picture);
}

function specificationOf(figure) {
  return figure.querySelector('script[type="application/json"]')?.textContent ?? "";
}

function forgetRemoved() {
  for (const figure of drawn.keys()) if (!figure.isConnected) forget(figure);
}

function forget(figure) {
  const known = drawn.get(figure);
  known?.narrow?.disconnect();
  known?.result?.finalize();
  drawn.delete(figure);
}

async function draw(figure) {
  forget(figure);
  const text = specificationOf(figure);
  const picture = pictureOf(figure);
  const known = { text, picture, result: null, narrow: null };
  drawn.set(figure, known);
  try {
    const specification = fitted(JSON.parse(text), picture.clientWidth);
    reserve(picture, specification);
    picture.classList.toggle("chart-dark", isDark());
    const [{ embed }] = await Promise.all([import("../vendor/vega.js"), fontLoaded()]);
    known.result = await embed(picture, specification, { ast: true, mode: "vega-lite", actions: false, renderer: "svg", defaultStyle: false, config: look(), tooltip: tip, ...locale() });
    known.narrow = follow(picture, known.result.view);
    name(figure, picture);
  } catch (error) {
    console.error(error);
    picture.removeAttribute("role");
    picture.textContent = "This chart could not be drawn. Its figures are in the table.";
    picture.classList.add("chart-failed");
  }
  figure.dispatchEvent(new CustomEvent("kampass:drawn", { bubbles: true }));
}

/** The element the picture goes into: before the JSON block, made once. */
function pictureOf(figure) {
  const found = figure.querySelector(":scope .chart-picture") ?? document.createElement("div");
  found.className = "chart-picture";
  if (!found.isConnected) figure.querySelector('script[type="application/json"]').before(found);
  name(figure, found);
  return found;
}

/** One image with a name; Vega names its container otherwise. */
function name(figure, picture) {
  picture.setAttribute("role", "img");
  picture.removeAttribute("aria-roledescription");
  picture.setAttribute("aria-label", figure.dataset.title || figure.querySelector("figcaption")?.textContent.trim() || "Chart");
  picture.querySelector("svg")?.setAttribute("aria-hidden", "true");
  if (figure.dataset.details) picture.setAttribute("aria-details", figure.dataset.details);
}

/** Vega measures words as it lays a chart out, so the font comes first; without it, another does. */
function fontLoaded() {
  return document.fonts.load(`12px ${getComputedStyle(document.body).fontFamily}`).catch(() => []);
}

/** A picture takes the width of its place; its title stands on the page already. Small multiples stand in as many columns as fit. */
function fitted({ title: _, ...specification }, room) {
  const plain = { ...specification, background: null };
  if ("mark" in specification || "layer" in specification) return { ...plain, width: "container", autosize: { type: "fit-x", contains: "padding" } };
  if (!("concat" in specification)) return plain;
  const each = specification.concat[0]?.width ?? 240;
  return { ...plain, columns: Math.max(1, Math.floor(room / (each + 60))) };
}

/** Keep the place of a picture of known height, so that nothing jumps when it comes. */
function reserve(picture, { height }) {
  picture.classList.toggle("chart-fill", height === "container");
  picture.style.minBlockSize = typeof height === "number" ? `${height}px` : "";
}

/** Small multiples under one another grow and shrink with their place, axes and headers keep their size. */
function follow(picture, view) {
  const inner = signal(view, "child_width");
  if (inner === undefined || picture.querySelector(".column_header")) return null;
  const around = Number(view.container().querySelector("svg").getAttribute("width")) - inner;
  let last = 0;
  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === last) return;
    last = width;
    view.signal("child_width", Math.max(120, width - around)).resize().runAsync();
  });
  observer.observe(picture);
  return observer;
}

function signal(view, name) {
  try {
    return view.signal(name);
  } catch {
    return undefined;
  }
}

const again = () => drawCharts({ anew: true });
document.addEventListener("kampass:theme", again);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
document.addEventListener("htmx:after:swap", () => drawCharts());
document.addEventListener("htmx:after:process", () => drawCharts());
drawCharts();
