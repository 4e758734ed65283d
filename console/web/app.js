// The page: what is bad first, then everything, and the defects beside it.
import {render} from "./vendor/preact.js";
import {effect} from "./vendor/signals.js";
import {now, span, startClock, timeOfDay, toggleZone, zoneName} from "./clock.js";
import {DefectList, title} from "./defect.js";
import {DefectPage} from "./defectpage.js";
import {Detail} from "./detail.js";
import {connect, link} from "./feed.js";
import {startHeat} from "./heat.js";
import {html} from "./html.js";
import {Keys} from "./keys.js";
import {Lamp, lampNames} from "./lamp.js";
import {loadMe, Me} from "./me.js";
import {counts, endedDefects, lamps, needsAttention, openDefects, ranked, total} from "./store.js";
import {Tile} from "./tile.js";
import {choose, matches, view} from "./view.js";

function App() {
  const shown = ranked.value.filter((e) => matches(e.id) && (!view.value.lamp || e.lamp.value === view.value.lamp));
  const bad = shown.filter(needsAttention);
  const well = shown.filter((e) => !needsAttention(e));
  const mine = (d) => matches(d.stream);
  return html`
    <${Bar}/>
    <${LinkBanner}/>
    <main>
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
    </main>
    <${Herald}/>
    <${Keys}/>
    ${view.value.stream && html`<${Detail} key=${view.value.stream} id=${view.value.stream}/>`}
    ${view.value.defect && html`<${DefectPage} key=${view.value.defect} id=${view.value.defect}/>`}`;
}

/** Bar is the line at the top: how many of each lamp, which are also filters; search; link and clock. */
function Bar() {
  const chosen = view.value.lamp, chosenHeat = view.value.heat;
  return html`<header class="bar">
    <h1><img src="favicon.svg" alt="" width="26" height="26"/>Framewatch</h1>
    <div class="chips" role="group" aria-label="Show only">
      ${lamps.map((l) => html`<button type="button" key=${l} class="chip ${l} ${counts.value[l] === 0 ? "none" : ""}" aria-pressed=${chosen === l} onClick=${() => choose({lamp: chosen === l ? "" : l})}>
        <${Lamp} lamp=${l}/><b>${counts.value[l]}</b> <span>${lampNames[l]}</span>
      </button>`)}
    </div>
    <button type="button" class="chip" onClick=${() => choose({heat: chosenHeat ? "" : "24"})} title="Length of the heat strips">${chosenHeat ? "24 h" : "2 h"}</button>
    <input id="search" type="search" placeholder="Search streams  /" aria-label="Search streams" value=${view.value.search} onInput=${(e) => choose({search: e.target.value})}/>
    <${Me}/>
    <${Link}/>
    <button type="button" class="clock" onClick=${toggleZone} title="Change between local time and UTC">
      <time>${timeOfDay(now.value)}</time> <span>${zoneName(now.value)}</span>
    </button>
  </header>`;
}

const linkWords = {live: "Live", connecting: "Connecting", lost: "No connection"};

function Link() {
  return html`<span class="link ${link.value.state}">${linkWords[link.value.state]}</span>`;
}

/** A connection may be lost for so long before the page says more than its light: microseconds. */
const briefly = 4e6;

function LinkBanner() {
  const {state, since} = link.value;
  if (state !== "lost" || now.value - since < briefly) return null;
  return html`<p class="banner" role="alert">No connection to the console for ${span(now.value - since)}. What you see is of ${timeOfDay(since)} ${zoneName(since)}. Trying again.</p>`;
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

/** Herald tells those who listen rather than look of each new defect. */
function Herald() {
  const [latest] = [...openDefects.value].sort((a, b) => b.detected - a.detected);
  return html`<p class="herald" aria-live="polite">${latest && `${latest.stream}: ${title(latest)}`}</p>`;
}

effect(() => {
  const bad = counts.value.firing;
  document.title = bad > 0 ? `(${bad}) Framewatch` : "Framewatch";
});

render(html`<${App}/>`, document.body);
startClock();
startHeat();
loadMe();
connect();
