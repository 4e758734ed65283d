// The page of what is monitored: every stream with its labels, profile, lane and where it was added, and, for who may, the form to add, change and remove.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {ask} from "./feed.js";
import {html} from "./html.js";
import {Lamp} from "./lamp.js";
import {isAdmin} from "./me.js";
import {loaded, ranked} from "./store.js";
import {StreamForm} from "./streamform.js";
import {stylesheet} from "./stylesheet.js";
import {address, choose, view} from "./view.js";

const sheets = Promise.all([stylesheet("managed.css"), stylesheet("streams.css")]);

/** shownAtOnce is how many rows are shown until more are asked for. */
const shownAtOnce = 200;

const byName = new Intl.Collator(undefined, {numeric: true}).compare;

export function Page() {
  const ready = useSignal(false), said = useSignal(""), limit = useSignal(shownAtOnce);
  useEffect(() => void sheets.then(() => (ready.value = true)), []);
  if (!ready.value) return html`<main class="page managed streams" aria-busy="true"></main>`;
  const {search, lamp, edit} = view.value, open = edit !== "" && isAdmin.value;
  const wanted = search.toLowerCase();
  const found = ranked.value.filter((e) => textOf(e).includes(wanted) && (!lamp || e.lamp.value === lamp)).sort((x, y) => byName(x.id, y.id));
  const done = (text) => {
    choose({edit: ""});
    said.value = text;
  };
  return html`<main class="page managed streams">
    <header class="page-head">
      <h2 class="page-title">Streams <span class="count">${found.length}</span></h2>
      ${isAdmin.value && html`<button type="button" class="chip main" aria-expanded=${open} onClick=${() => choose({edit: edit === "+" ? "" : "+"})}>Add a stream</button>`}
    </header>
    <p role="status" class="said">${said.value}</p>
    ${open && html`<${StreamForm} key=${edit} id=${edit === "+" ? "" : edit} done=${done} cancel=${() => choose({edit: ""})}/>`}
    <section aria-label="Monitored">
      ${found.length === 0 ? html`<p class="empty">${!loaded.value ? "Not known yet." : search || lamp ? "No stream matches." : "No streams yet. Add one here, name some in framewatch.yaml, or use framewatch streams apply."}</p>`
        : html`<div class="rows" role="table" aria-label="Streams">
          <div class="row head" role="row"><span role="columnheader"><span class="herald">Lamp</span></span><span role="columnheader">Stream</span><span role="columnheader">Labels</span><span role="columnheader">Profile, lane</span><span role="columnheader">From</span><span role="columnheader"><span class="herald">Changes</span></span></div>
          ${found.slice(0, limit.value).map((e) => html`<${Row} key=${e.id} entry=${e} say=${(text) => (said.value = text)}/>`)}
        </div>`}
      ${found.length > limit.value && html`<p><button type="button" class="chip" onClick=${() => (limit.value += shownAtOnce)}>Show more of ${found.length - limit.value}</button></p>`}
    </section>
  </main>`;
}

/** textOf is what is searched for a text. */
function textOf({id, data}) {
  const {labels, profile, lane} = data.peek(); // what is searched for changes seldom, roll-ups come each 10 s of each stream
  return [id, profile, lane, ...Object.entries(labels ?? {}).map(([n, v]) => `${n}=${v}`)].join("\n").toLowerCase();
}

function Row({entry, say}) {
  const {labels, profile, lane, origin} = entry.data.value;
  const removing = useSignal(false), fixed = origin === "config";
  return html`<div class="row" role="row">
    <span role="cell"><${Lamp} lamp=${entry.lamp.value}/></span>
    <span role="cell"><a class="name" href=${address({stream: entry.id})}><bdi>${entry.id}</bdi></a></span>
    <div role="cell"><ul class="labels">${Object.entries(labels ?? {}).sort().map(([n, v]) => html`<li key=${n}><b>${n}</b> ${v}</li>`)}</ul></div>
    <span role="cell" class="cell">${profile || html`<span>by its labels</span>`}${lane && html`<span>, lane ${lane}</span>`}</span>
    <span role="cell" class="cell origin">${fixed ? "configuration file" : origin === "api" ? "added here" : origin || "unknown"}</span>
    <div role="cell" class="chips">${!isAdmin.value ? null : fixed ? html`<span class="origin" title="Change it in the configuration file">read-only</span>`
      : html`<button type="button" class="chip" aria-label=${`Change ${entry.id}`} onClick=${() => choose({edit: entry.id})}>Change</button>
        <button type="button" class="chip" aria-label=${`Remove ${entry.id}`} aria-expanded=${removing.value} onClick=${() => (removing.value = !removing.value)}>Remove</button>`}</div>
    ${removing.value && html`<${Removal} id=${entry.id} say=${say} cancel=${() => (removing.value = false)}/>`}
  </div>`;
}

/** Removal removes a stream once its name has been written. */
function Removal({id, say, cancel}) {
  const name = useSignal(""), error = useSignal("");
  const submit = async (e) => {
    e.preventDefault();
    try {
      await ask("DELETE", `api/v1/streams/${encodeURIComponent(id)}`);
      say(`${id} is monitored no longer.`);
    } catch (problem) {
      error.value = String(problem.message);
    }
  };
  return html`<form class="removal" role="cell" onSubmit=${submit}>
    <label>Write its name to remove it; its defects stay in the log <input type="text" placeholder=${id} value=${name.value} autocomplete="off" onInput=${(e) => (name.value = e.target.value)}/></label>
    ${error.value && html`<p class="problem" role="alert">${error.value}</p>`}
    <div class="chips"><button type="submit" class="chip danger" disabled=${name.value !== id}>Remove the stream</button><button type="button" class="chip" onClick=${cancel}>Keep it</button></div>
  </form>`;
}
