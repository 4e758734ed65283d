// The frame of all pages: the line at the top, the page that is turned to, and a stream or a defect in full over it.
import {render} from "./vendor/preact.js";
import {effect} from "./vendor/signals.js";
import {now, span, startClock, timeOfDay, toggleZone, zoneName} from "./clock.js";
import {title} from "./defect.js";
import {DefectPage} from "./defectpage.js";
import {Detail} from "./detail.js";
import {connect, link} from "./feed.js";
import {startHeat} from "./heat.js";
import {html} from "./html.js";
import {Keys} from "./keys.js";
import {Kiosk} from "./kiosk.js";
import {Lamp, lampNames} from "./lamp.js";
import {loadMe, Me} from "./me.js";
import {Contents, Page} from "./pages.js";
import {counts, lamps, openDefects} from "./store.js";
import {choose, view} from "./view.js";

function App() {
  if (view.value.kiosk) return html`<${Kiosk}><${LinkBanner}/><${Page}/></${Kiosk}>`;
  return html`
    <${Bar}/>
    <${LinkBanner}/>
    <${Page}/>
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
    <${Contents}/>
    <div class="chips" role="group" aria-label="Show only">
      ${lamps.map((l) => html`<button type="button" key=${l} class="chip ${l} ${counts.value[l] === 0 ? "none" : ""}" aria-pressed=${chosen === l} title=${lampNames[l]} onClick=${() => choose({lamp: chosen === l ? "" : l})}>
        <${Lamp} lamp=${l}/><b>${counts.value[l]}</b> <span>${lampNames[l]}</span>
      </button>`)}
    </div>
    <button type="button" class="chip" onClick=${() => choose({heat: chosenHeat ? "" : "24"})} title="Length of the heat strips">${chosenHeat ? "24 h" : "2 h"}</button>
    <input id="search" type="search" placeholder="Search streams  /" aria-label="Search streams" value=${view.value.search} onInput=${(e) => choose({search: e.target.value})}/>
    <${Me}/>
    <${Link}/>
    <${Clock}/>
  </header>`;
}

/** Clock alone is drawn again each second. */
function Clock() {
  return html`<button type="button" class="clock" onClick=${toggleZone} title="Change between local time and UTC">
    <time>${timeOfDay(now.value)}</time> <span>${zoneName(now.value)}</span>
  </button>`;
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
