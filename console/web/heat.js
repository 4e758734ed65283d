// Heat strips: the worst lamp of each stream in each minute of two hours, or each twelve of a day. Height tells the lamps apart as well as colour.
import {effect, signal} from "./vendor/signals.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {view} from "./view.js";

/** How often strips are asked for: milliseconds. */
const again = 30_000;

const strips = signal({});

/** heights of the letters of a strip, of 10. */
const heights = {f: 10, p: 7, u: 4, o: 2};
const names = {f: "firing", p: "pending", u: "unknown", o: "ok"};

let timer;

async function load() {
  clearTimeout(timer);
  const hours = view.peek().heat || "2";
  try {
    const {streams} = await getJSON(`api/v1/heat?hours=${hours}`);
    if ((view.peek().heat || "2") === hours) strips.value = streams;
  } catch {
    // The link's light says what is wrong; what is shown stays.
  }
  timer = setTimeout(load, again);
}

let shown;

/** startHeat asks for strips now and then, and at once when others are chosen. */
export function startHeat() {
  effect(() => {
    const hours = view.value.heat || "2";
    if (hours === shown) return;
    shown = hours;
    load();
  });
}

/** paths are the outlines of the cells of each lamp. */
function paths(strip) {
  const drawn = {};
  for (let from = 0, to; from < strip.length; from = to) {
    for (to = from + 1; strip[to] === strip[from];) to++;
    const height = heights[strip[from]];
    if (height) drawn[strip[from]] = `${drawn[strip[from]] ?? ""}M${from} 10v-${height}h${to - from}v${height}z`;
  }
  return drawn;
}

export function HeatStrip({id}) {
  const strip = strips.value[id];
  if (!strip) return null;
  const bad = [...strip].filter((x) => x === "f").length;
  return html`<svg class="heat" viewBox="0 0 ${strip.length} 10" preserveAspectRatio="none" role="img" aria-label=${`firing in ${bad} of ${strip.length} steps`}>
    ${Object.entries(paths(strip)).map(([letter, d]) => html`<path key=${letter} class=${names[letter]} d=${d}/>`)}
  </svg>`;
}
