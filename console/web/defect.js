// Defects in words: the list at the side, and the one line on a tile.
import {exactSpan, now, span, timeOfDay, zoneName} from "./clock.js";
import {html} from "./html.js";
import {begin, isOpen} from "./store.js";
import {address} from "./view.js";

/** title is the kind in words, with the part of the stream: black_with_logo, track 1 is "Black with logo, track 1". */
export function title({kind, part}) {
  const words = kind.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1) + (part ? `, ${part}` : "");
}

/** Lasting is how long an open defect has lasted, ticking, or an ended one did. */
export function Lasting({defect}) {
  return isOpen(defect) ? span(now.value - begin(defect)) : exactSpan(defect.end - begin(defect));
}

const endings = {resolved: "resolved", unknown: "ended without knowledge", suppressed: "explained by another defect", removed: "stream removed"};

export function ending(defect) {
  return defect.state === "retracted" ? "retracted" : (endings[defect.reason] ?? defect.reason);
}

function Instant({at}) {
  return html`<time datetime=${new Date(at / 1000).toISOString()}>${timeOfDay(at)}</time>`;
}

/** DefectRow is one defect in a list; without `stream` where all are of one stream. */
export function DefectRow({defect, stream = true}) {
  const open = isOpen(defect);
  return html`<li class="defect ${defect.severity} ${open ? "open" : "ended"} ${defect.state}">
    <div class="line">
      <a class="title" href=${address({defect: defect.id, stream: ""})}>${title(defect)}</a>
      <span class="severity">${defect.severity}</span>
      ${defect.dry_run && html`<span class="severity">dry run</span>`}
      <span class="lasting"><${Lasting} defect=${defect}/></span>
    </div>
    ${stream && html`<a class="stream" href=${address({stream: defect.stream})}><bdi>${defect.stream}</bdi></a>`}
    ${defect.acknowledged && html`<p class="taken">acknowledged by ${defect.acknowledged.by}</p>`}
    <p class="summary">${defect.summary}</p>
    <p class="when">
      ${open ? "since " : ""}<${Instant} at=${begin(defect)}/>${open ? "" : html` – <${Instant} at=${defect.end}/>`} ${zoneName(begin(defect))}${open ? "" : `, ${ending(defect)}`}
    </p>
    ${defect.evidence && html`<p class="evidence">
      ${defect.evidence.filmstrip && html`<a href=${defect.evidence.filmstrip.slice(1)} target="_blank">pictures</a> `}
      ${defect.evidence.clip && html`<a href=${defect.evidence.clip.slice(1)} download>clip</a>`}
    </p>`}
  </li>`;
}

/** DefectList is a list with its heading; empty says what an empty one means. */
export function DefectList({id, heading, defects, empty, limit = Infinity, stream}) {
  return html`<section class="defects" aria-labelledby=${id}>
    <h2 id=${id}>${heading} <span class="count">${defects.length}</span></h2>
    ${defects.length === 0
      ? html`<p class="empty">${empty}</p>`
      : html`<ol>${defects.slice(0, limit).map((d) => html`<${DefectRow} key=${d.id} defect=${d} stream=${stream}/>`)}</ol>`}
    ${defects.length > limit && html`<p class="empty">${defects.length - limit} more under <a href="api/v1/defects">/api/v1/defects</a></p>`}
  </section>`;
}
