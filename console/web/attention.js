// The first page: what is bad first, then everything, and the defects beside it.
import {DefectList} from "./defect.js";
import {link} from "./feed.js";
import {html} from "./html.js";
import {Lamp} from "./lamp.js";
import {counts, endedDefects, needsAttention, openDefects, ranked, total} from "./store.js";
import {Tile} from "./tile.js";
import {matches, view} from "./view.js";

export function Page() {
  const shown = ranked.value.filter((e) => matches(e.id) && (!view.value.lamp || e.lamp.value === view.value.lamp));
  const bad = shown.filter(needsAttention);
  const well = shown.filter((e) => !needsAttention(e));
  const mine = (d) => matches(d.stream);
  return html`<main>
    <section class="attention" aria-labelledby="attention">
      <h2 id="attention">Needs attention <span class="count">${bad.length}</span></h2>
      ${bad.length > 0 ? html`<ul class="tiles">${bad.map((e) => html`<${Tile} key=${e.id} entry=${e} large=${true}/>`)}</ul>` : html`<${Calm}/>`}
    </section>
    <aside aria-label="Defects">
      <${DefectList} id="open-defects" heading="Open defects" defects=${openDefects.value.filter(mine)} empty="None."/>
      <${DefectList} id="recent-defects" heading="Recent" defects=${endedDefects.value.filter(mine)} limit=${100} empty="None."/>
    </aside>
    ${well.length > 0 && html`<section class="well" aria-labelledby="well">
      <h2 id="well">OK <span class="count">${well.length}</span></h2>
      <ul class="tiles">${well.map((e) => html`<${Tile} key=${e.id} entry=${e}/>`)}</ul>
    </section>`}
  </main>`;
}

/** Calm stands where bad streams would: it says that all is well only when it is known. */
function Calm() {
  const filtered = view.value.lamp || view.value.search;
  let text = total.value === 1 ? "The one stream is OK." : `All ${total.value} streams are OK.`;
  if (link.value.state === "connecting") text = "Loading …";
  else if (total.value === 0) text = "No streams yet. Name some in framewatch.yaml, or add them with framewatch streams apply.";
  else if (filtered) text = "No stream that needs attention matches.";
  const fine = !filtered && total.value > 0 && counts.value.ok === total.value && link.value.state === "live";
  return html`<p class="calm ${fine ? "fine" : ""}">${fine && html`<${Lamp} lamp="ok"/>`}${text}</p>`;
}
