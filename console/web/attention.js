// The first page: only what is bad, the worst first, with the defects beside it. Of the rest it says how many there are.
import {DefectList} from "./defect.js";
import {link} from "./feed.js";
import {html} from "./html.js";
import {Lamp} from "./lamp.js";
import {counts, endedDefects, loaded, needsAttention, openDefects, ranked, total} from "./store.js";
import {Tile} from "./tile.js";
import {address, matches, view} from "./view.js";

/** How many tiles stand here at most: when more are bad, one looks at the wall. */
const most = 120;

export function Page() {
  const {lamp, search} = view.value;
  const wanted = ranked.value.filter((e) => matches(e.id));
  const bad = wanted.filter((e) => needsAttention(e) && (!lamp || e.lamp.value === lamp));
  const mine = (d) => matches(d.stream);
  return html`<main>
    <section class="attention" aria-labelledby="attention">
      <h2 id="attention">Needs attention <span class="count">${bad.length}</span></h2>
      ${bad.length > 0 && html`<ul class="tiles">${bad.slice(0, most).map((e) => html`<${Tile} key=${e.id} entry=${e} large=${true}/>`)}</ul>`}
      ${bad.length > most && html`<p class="rest">${bad.length - most} more are <a href=${address({page: "wall", sort: "worst"})}>on the wall</a>.</p>`}
      <${Rest} bad=${bad.length} well=${wanted.filter((e) => !needsAttention(e)).length} filtered=${Boolean(lamp || search)}/>
    </section>
    <aside aria-label="Defects">
      <${DefectList} id="open-defects" heading="Open defects" defects=${openDefects.value.filter(mine)} limit=${200} empty=${nothing()}/>
      <${DefectList} id="recent-defects" heading="Recent" defects=${endedDefects.value.filter(mine)} limit=${100} empty=${nothing()}/>
    </aside>
  </main>`;
}

const nothing = () => (loaded.value ? "None." : "Not known.");

const streamsAre = (n) => (n === 1 ? "1 stream is" : `${n} streams are`);

/** Rest is one line of what stands here not: it says that all is well only when it is known. */
function Rest({bad, well, filtered}) {
  if (!loaded.value) return html`<p class="calm">${link.value.state === "lost" ? "Not known: there is no connection to the console." : "Loading …"}</p>`;
  if (total.value === 0) return html`<p class="calm">No streams yet. Name some in framewatch.yaml, or add them with framewatch streams apply.</p>`;
  const wall = html`<a href=${address({page: "wall"})}>See the wall</a>`;
  if (filtered) return html`<p class="calm">${bad === 0 && "No stream that needs attention matches. "}${well > 0 && `Of those that match by name, ${streamsAre(well)} OK. `}${wall}</p>`;
  const fine = counts.value.ok === total.value && link.value.state === "live";
  if (bad === 0) return html`<p class="calm ${fine ? "fine" : ""}">${fine && html`<${Lamp} lamp="ok"/>`}<span>${total.value === 1 ? "The one stream is OK." : `All ${total.value} streams are OK.`}</span> ${wall}</p>`;
  if (well === 0) return html`<p class="calm">${wall}</p>`;
  return html`<p class="calm"><${Lamp} lamp="ok"/><span>The other ${well === 1 ? "stream is" : streamsAre(well)} OK.</span> ${wall}</p>`;
}
