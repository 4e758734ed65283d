// Matchers of silences: written as text, as rows of a form, and what they match now.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {title} from "./defect.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {address} from "./view.js";

const operators = {"=": "is", "!=": "is not", "=~": "matches", "!~": "does not match"};

/** written is a row as the API takes it. */
export const written = ({name, operator, value}) => `${name}${operator}${JSON.stringify(value)}`;

/** rowOf is a matcher as a row; what cannot be read stands in it as it is. */
export function rowOf(text) {
  const [, name, operator, rest] = /^\s*"?([^=!~"]+?)"?\s*(=~|!~|!=|=)\s*([^]*)$/.exec(text) ?? [null, text, "=", ""];
  let value = rest;
  try {
    value = rest.startsWith('"') ? JSON.parse(rest) : rest;
  } catch {
    // It is not quoted as JSON does: it is shown as it is.
  }
  return {name, operator, value};
}

export const blank = {name: "stream", operator: "=", value: ""};

/** Matchers are the rows of a form; change is given other rows. */
export function Matchers({rows, change}) {
  const labels = useSignal({});
  useEffect(() => void getJSON("api/v1/labels").then((a) => (labels.value = a.labels), () => {}), []);
  const set = (i, part) => change(rows.map((r, at) => (at === i ? {...r, ...part} : r)));
  return html`<fieldset class="matchers"><legend>What is muted: all of these</legend>
    <datalist id="label-names">${Object.keys(labels.value).sort().map((n) => html`<option key=${n} value=${n}/>`)}</datalist>
    ${rows.map((r, i) => html`<div class="matcher" key=${i}>
      <datalist id="values-${i}">${(labels.value[r.name] ?? []).map((v) => html`<option key=${v} value=${v}/>`)}</datalist>
      <input type="text" aria-label="Label" list="label-names" required maxlength="200" value=${r.name} onInput=${(e) => set(i, {name: e.target.value})}/>
      <select aria-label="Comparison" value=${r.operator} onChange=${(e) => set(i, {operator: e.target.value})}>
        ${Object.entries(operators).map(([o, words]) => html`<option key=${o} value=${o}>${words}</option>`)}
      </select>
      <input type="text" aria-label="Value" list="values-${i}" maxlength="700" value=${r.value} onInput=${(e) => set(i, {value: e.target.value})}/>
      <button type="button" class="remove" aria-label="Remove this condition" disabled=${rows.length === 1} onClick=${() => change(rows.filter((_, at) => at !== i))}>✕</button>
    </div>`)}
    <button type="button" class="chip" onClick=${() => change([...rows, {...blank, name: ""}])}>Add a condition</button>
  </fieldset>`;
}

/** MatcherList shows matchers as they are. */
export function MatcherList({matchers}) {
  return html`<ul class="matcher-list">${matchers.map((m) => html`<li key=${m}><code>${m}</code></li>`)}</ul>`;
}

/** muted is how much that is, in words. */
export const muted = ({streams, defects}) => `${streams} ${streams === 1 ? "stream" : "streams"}, ${defects} open ${defects === 1 ? "defect" : "defects"}`;

/** How long the writer is left alone before it is looked up what is muted: milliseconds. */
const pause = 250;

/** Preview tells what matchers match now, as they are written. */
export function Preview({rows}) {
  const matchers = rows.map(written), begun = rows.some((r) => r.value !== "");
  const found = useSignal({answer: null, error: ""});
  const query = matchers.map((m) => `matcher=${encodeURIComponent(m)}`).join("&");
  useEffect(() => {
    if (!begun) return undefined;
    let ended = false;
    const load = () => getJSON(`api/v1/silences/preview?${query}`).then(
      (answer) => !ended && (found.value = {answer, error: ""}), (e) => !ended && (found.value = {answer: null, error: String(e.message)}));
    const timer = setTimeout(load, pause);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [query]);
  const {answer, error} = found.value;
  return html`<div class="preview" role="status">
    ${!begun ? html`<p class="empty">Nothing is named yet.</p>` : error ? html`<p class="problem">${error}</p>`
      : answer === null ? html`<p class="empty">Looking up what is muted …</p>`
      : html`<p>Mutes now: <b>${muted(answer.mutes)}</b></p><${Named} answer=${answer}/>`}
  </div>`;
}

/** Named are the streams and open defects that matchers match. */
export function Named({answer: {mutes, streams, defects}}) {
  return html`
    ${defects.length > 0 && html`<ul class="named">${defects.map((d) => html`<li key=${d.id}><a href=${address({defect: d.id})}>${title(d)}</a> <span>${d.stream}</span></li>`)}</ul>`}
    ${streams.length > 0 && html`<ul class="named streams">${streams.map((id) => html`<li key=${id}><a href=${address({stream: id})}><bdi>${id}</bdi></a></li>`)}
      ${mutes.streams > streams.length && html`<li>and ${mutes.streams - streams.length} more</li>`}</ul>`}`;
}
