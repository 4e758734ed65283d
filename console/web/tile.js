// One stream as a tile: picture, lamp, name and why the lamp is as it is.
import {now, span} from "./clock.js";
import {Lasting, title} from "./defect.js";
import {html} from "./html.js";
import {HeatStrip} from "./heat.js";
import {Lamp, lampNames} from "./lamp.js";
import {Picture} from "./picture.js";
import {address} from "./view.js";

/** Milliseconds between pictures: of streams that are watched closely, and of the others. */
const closely = 1000, calmly = 5000;

/** paceOf is how often a stream of that lamp is to be looked at: milliseconds. */
export const paceOf = (lamp) => (lamp === "firing" || lamp === "pending" ? closely : calmly);

export function Tile({entry, large}) {
  const lamp = entry.lamp.value;
  const back = lamp === "ok" ? entry.back.value : null;
  return html`<li class="tile ${lamp} ${large ? "large" : ""} ${back ? "recovered" : ""}">
    <a href=${address({stream: entry.id})} title=${entry.id}>
      <${Picture} id=${entry.id} every=${paceOf(lamp)}/>
      <${HeatStrip} id=${entry.id}/>
      <div class="caption">
        <${Lamp} lamp=${lamp}/>
        <span class="name"><bdi>${entry.id}</bdi></span>
        <${Why} entry=${entry} lamp=${lamp} back=${back}/>
      </div>
    </a>
  </li>`;
}

/** Why says in one line why the lamp is as it is; nothing for a stream that is well. */
export function Why({entry, lamp, back}) {
  const stream = entry.data.value;
  switch (lamp) {
    case "firing": {
      const [worst, ...others] = entry.open.value;
      if (!worst) return html`<span class="why">Defect reported</span>`;
      return html`<span class="why"><b>${title(worst)}</b> <${Lasting} defect=${worst}/>${others.length > 0 && html` <span class="more">+${others.length}</span>`}</span>`;
    }
    case "pending": {
      const [first] = stream.pending;
      return html`<span class="why">${first ? html`<b>${title(first)}?</b> ${span(now.value - first.since)}` : "Suspicion"}</span>`;
    }
    case "stale":
      return html`<span class="why">Not heard of for ${span(now.value - stream.heard)}</span>`;
    case "unknown":
      return html`<span class="why">${stream.state && stream.state !== "up" ? `Source ${stream.state}` : "Nothing known yet"}</span>`;
    default:
      return back ? html`<span class="why"><b>${lampNames.ok} again</b> after ${title(back).toLowerCase()}</span>` : null;
  }
}
