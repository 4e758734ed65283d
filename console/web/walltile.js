// A tile of the wall, and the header of a group of them.
import {useComputed, useSignal} from "./vendor/signals.js";
import {html} from "./html.js";
import {HeatStrip} from "./heat.js";
import {Lamp, lampNames} from "./lamp.js";
import {Meters} from "./meters.js";
import {Picture} from "./picture.js";
import {countLamps, lamps, turned} from "./store.js";
import {Why} from "./tile.js";
import {address} from "./view.js";

/** rate is bits per second in words: 3.1 Mb/s. */
export function rate(bits) {
  if (bits === null || bits === undefined) return "";
  const [size, unit] = bits >= 1e6 ? [bits / 1e6, "Mb/s"] : [bits / 1e3, "kb/s"];
  return `${size.toFixed(size < 10 ? 1 : 0)} ${unit}`;
}

/** Milliseconds between pictures of a stream that fires and of one that does not, by how many are in view: the more there are, the slower, so that it is always about as many a second. */
const paceOf = (lamp, inView) => Math.min(Math.max(60 * inView, 1000), 5000) / (lamp === "firing" && inView > 50 ? 3 : 1);

/** WallTile stands where it is told; n of `of` is its place among those that are shown. */
export function WallTile({entry, left, top, width, height, pictures, lines, inView, n, of}) {
  const lamp = entry.lamp.value;
  const back = lamp === "ok" ? entry.back.value : null;
  const sound = useSignal("");
  const bits = useComputed(() => (entry.lamp.value === "stale" ? "" : rate(entry.data.value.bits_per_second)));
  const why = html`<${Why} entry=${entry} lamp=${lamp} back=${back}/>`;
  return html`<li class="tile ${lamp} ${back ? "recovered" : ""} ${pictures ? "" : "compact"}" style=${{left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`}}
    aria-posinset=${n} aria-setsize=${of}>
    <a href=${address({stream: entry.id})} title=${`${entry.id}: ${lampNames[lamp]}`} data-key=${`stream ${entry.id}`}>
      ${pictures && html`<div class="screen"><${Picture} id=${entry.id} every=${paceOf(lamp, inView)} sound=${sound}/><${Meters} sound=${sound}/><span class="bits">${bits}</span></div>`}
      <${HeatStrip} id=${entry.id}/>
      <div class="caption"><${Lamp} lamp=${lamp}/><span class="name"><bdi>${entry.id}</bdi></span>${lines > 1 && why}</div>
    </a>
  </li>`;
}

/** GroupHeader names a group, shows its worst lamp and how many show each, and folds it. */
export function GroupHeader({label, value, entries, open, top, onFold}) {
  turned.value;
  const n = countLamps(entries);
  const worst = lamps.find((l) => n[l] > 0) ?? "unknown";
  return html`<li class="group ${worst}" style=${{top: `${top}px`}}>
    <button type="button" aria-expanded=${open} onClick=${onFold}>
      <${Lamp} lamp=${worst}/>
      <b><bdi>${value || `no ${label}`}</bdi></b>
      <span class="lamps">${lamps.filter((l) => n[l] > 0).map((l) => html`<span key=${l} class=${l}>${n[l]} ${lampNames[l]}</span>`)}</span>
    </button>
  </li>`;
}
