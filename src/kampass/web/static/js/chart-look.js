// How charts look: the page's own colours, type and language, read when a chart is drawn, so that light, dark and print need no second list.

const COLOURS = ["ink", "ink-2", "ink-3", "surface", "line", "line-strong", "accent", "good", "bad", "warn"];
const SERIES = ["data-1", "data-2", "data-3", "data-4", "data-5", "data-6"];
const RAMP = ["heat-1", "heat-2", "heat-3", "heat-4", "heat-5", "heat-6", "heat-7"];

/** The Vega-Lite configuration in the page's look. A specification names a colour by its token: {"expr": "good"}. */
export function look() {
  const colours = tokens([...COLOURS, ...SERIES, ...RAMP]);
  const font = getComputedStyle(document.body).fontFamily;
  const small = { labelColor: colours["ink-3"], labelFontSize: 12, titleColor: colours["ink-2"], titleFontSize: 12, titleFontWeight: 500 };
  return {
    font, background: null, aria: false, padding: 4,
    params: [...COLOURS, ...SERIES].map((name) => ({ name: name.replace("-", "_"), value: colours[name] })),
    view: { stroke: null },
    axis: { ...small, grid: false, domain: false, ticks: false, labelPadding: 8, titlePadding: 12, gridColor: colours.line, domainColor: colours["line-strong"] },
    axisQuantitative: { grid: true, tickCount: 5 },
    axisTemporal: { tickCount: 8 },
    axisX: { domain: true, grid: false, labelFlush: true, labelOverlap: "greedy" },
    legend: { ...small, labelColor: colours["ink-2"], orient: "top", symbolType: "circle", symbolSize: 80, title: null, offset: 12 },
    header: { ...small, labelColor: colours.ink, labelFontSize: 13, labelFontWeight: 600, labelAnchor: "start", labelOrient: "top", title: null },
    title: { color: colours.ink, subtitleColor: colours["ink-2"], fontSize: 14, fontWeight: 600, anchor: "start", offset: 12 },
    range: { category: [...SERIES, "ink"].map((name) => colours[name]), ordinal: ramp(colours), heatmap: ramp(colours), ramp: ramp(colours), diverging: [colours.bad, colours.line, colours.good] },
    mark: { color: colours["data-1"] },
    line: { strokeWidth: 2, strokeCap: "round", strokeJoin: "round" },
    point: { filled: true, size: 36 },
    bar: { cornerRadiusEnd: 2 },
    rule: { color: colours["line-strong"] },
    text: { color: colours["ink-2"], fontSize: 12 },
    style: styles(colours),
  }; // prettier-ignore
}

/** Whether the page is dark now; a chart drawn so is turned round on paper (print.css). */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The looks that specifications ask for by name. */
function styles(colours) {
  const [ink, quiet, accent] = [colours.ink, colours["ink-3"], colours["data-1"]].map((color) => ({ color }));
  return {
    open: { fill: colours.surface }, ring: ink, note: quiet, "note-rule": quiet, label: { fontWeight: 600 }, muted: quiet, whole: ink,
    "whole-words": ink, whisker: ink, level: accent, gain: { color: colours.good }, loss: { color: colours.bad },
  }; // prettier-ignore
}

function ramp(colours) {
  return RAMP.map((name) => colours[name]);
}

/** Tokens as plain sRGB, whatever notation the style sheet uses: Vega mixes colours and knows only the old ones. */
function tokens(names) {
  const probe = document.createElement("span");
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  document.body.append(probe);
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--${name}, gray)`;
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = getComputedStyle(probe).color;
    brush.fillRect(0, 0, 1, 1);
    const [red, green, blue] = brush.getImageData(0, 0, 1, 1).data;
    found[name] = `rgb(${red}, ${green}, ${blue})`;
  }
  probe.remove();
  return found;
}

/** Numbers and dates as the page's language writes them. */
export function locale(language = document.documentElement.lang || "en-GB") {
  const parts = new Intl.NumberFormat(language, { useGrouping: "always" }).formatToParts(-12345.6);
  const part = (type) => parts.find((each) => each.type === type)?.value ?? "";
  const names = (option, days) => days.map((day) => new Intl.DateTimeFormat(language, { ...option, timeZone: "UTC" }).format(day));
  const week = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2023, 0, 1 + day)));
  const year = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2023, month, 1)));
  return {
    formatLocale: { decimal: part("decimal"), thousands: part("group"), grouping: [3], currency: ["", ""], minus: "\u2212" },
    timeFormatLocale: {
      dateTime: "%a %e %b %Y %H:%M", date: "%d/%m/%Y", time: "%H:%M", periods: ["am", "pm"],
      days: names({ weekday: "long" }, week), shortDays: names({ weekday: "short" }, week),
      months: names({ month: "long" }, year), shortMonths: names({ month: "short" }, year),
    },
  }; // prettier-ignore
}
