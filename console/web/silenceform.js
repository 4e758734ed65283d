// The form for a new silence: what, for how long or when again and again, and why.
import {useSignal} from "./vendor/signals.js";
import {now, zone, zoneName} from "./clock.js";
import {postJSON} from "./feed.js";
import {html} from "./html.js";
import {blank, Matchers, Preview, rowOf, written} from "./matchers.js";

const hour = 3600e6;

const lengths = {"30 min": hour / 2, "1 h": hour, "2 h": 2 * hour, "4 h": 4 * hour, "1 d": 24 * hour, "7 d": 168 * hour};

const days = {mon: "Mon", tue: "Tue", wed: "Wed", thu: "Thu", fri: "Fri", sat: "Sat", sun: "Sun"};

/** instantOf is what an input of a date and a time says in the zone that the page shows; NaN: nothing. */
export const instantOf = (text) => Date.parse(zone.value === "UTC" ? `${text}Z` : text) * 1000;

/** inputOf is an instant as such an input has it. */
export function inputOf(micros) {
  const d = new Date(micros / 1000);
  return new Date(d.getTime() - (zone.value === "UTC" ? 0 : d.getTimezoneOffset() * 60_000)).toISOString().slice(0, 16);
}

/** SilenceForm begins with matchers, texts; done is called with what is to be said once it stands. */
export function SilenceForm({matchers, done, cancel}) {
  const form = useSignal({
    rows: matchers.length > 0 ? matchers.map(rowOf) : [blank], recurring: false, comment: "", length: "2 h", start: "", end: "",
    days: ["tue"], month: "", from: "02:00", to: "04:00", zone: Intl.DateTimeFormat().resolvedOptions().timeZone, first: "", last: "",
  });
  const state = useSignal({busy: false, error: ""});
  const f = form.value, texts = f.rows.map(written);
  const set = (part) => (form.value = {...form.value, ...part});
  const submit = async (e) => {
    e.preventDefault();
    if (state.value.busy) return;
    state.value = {busy: true, error: ""};
    try {
      if (f.recurring) await postJSON("api/v1/recurrences", {matchers: texts, comment: f.comment, schedule: scheduleOf(f)});
      else await postJSON("api/v1/silences", {matchers: texts, comment: f.comment, ...stretchOf(f)});
      done(f.recurring ? "The silence comes back from now on." : "The silence stands.");
    } catch (error) {
      state.value = {busy: false, error: String(error.message)};
    }
  };
  return html`<form class="silence-form card" aria-labelledby="new-silence" onSubmit=${submit}>
    <h2 id="new-silence">New silence</h2>
    <${Matchers} rows=${f.rows} change=${(rows) => set({rows})}/>
    <${Preview} rows=${f.rows}/>
    <div class="chips" role="group" aria-label="How often">
      <button type="button" class="chip" aria-pressed=${!f.recurring} onClick=${() => set({recurring: false})}>Once</button>
      <button type="button" class="chip" aria-pressed=${f.recurring} onClick=${() => set({recurring: true})}>Recurring</button>
    </div>
    ${f.recurring ? html`<${When} f=${f} set=${set}/>` : html`<${Once} f=${f} set=${set}/>`}
    <label class="wide">Why <input type="text" required maxlength="1000" placeholder="Encoder is changed, ticket 4711" value=${f.comment} onInput=${(e) => set({comment: e.target.value})}/></label>
    ${state.value.error && html`<p class="problem" role="alert">${state.value.error}</p>`}
    <div class="chips"><button type="submit" class="chip main" disabled=${state.value.busy}>Silence</button><button type="button" class="chip" onClick=${cancel}>Cancel</button></div>
  </form>`;
}

function stretchOf(f) {
  const start = f.start === "" ? Math.round(now.peek()) : instantOf(f.start);
  return {start, end: f.length === "" ? instantOf(f.end) : start + lengths[f.length]};
}

function Once({f, set}) {
  const at = zoneName(now.value);
  return html`<fieldset><legend>When</legend>
    <div class="fields">
      <label>From (${at}) <input type="datetime-local" value=${f.start} onInput=${(e) => set({start: e.target.value})}/></label>
      <label>Until (${at}) <input type="datetime-local" required=${f.length === ""} value=${f.length === "" ? f.end : inputOf(stretchOf(f).end || now.value)}
        onInput=${(e) => set({end: e.target.value, length: ""})}/></label>
    </div>
    <div class="chips" role="group" aria-label="Length">
      ${Object.keys(lengths).map((l) => html`<button type="button" key=${l} class="chip" aria-pressed=${f.length === l} onClick=${() => set({length: l})}>${l}</button>`)}
    </div>
    <p class="hint">Without a beginning it begins now.</p>
  </fieldset>`;
}

function scheduleOf(f) {
  const month = f.month.split(/[\s,]+/).filter(Boolean).map(Number);
  return {...(month.length > 0 ? {month_days: month} : {days: Object.keys(days).filter((d) => f.days.includes(d))}), from: f.from, to: f.to, zone: f.zone, first: f.first, last: f.last};
}

function When({f, set}) {
  const flip = (d) => set({month: "", days: f.days.includes(d) ? f.days.filter((x) => x !== d) : [...f.days, d]});
  return html`<fieldset><legend>When</legend>
    <div class="chips" role="group" aria-label="Days of the week">
      ${Object.entries(days).map(([d, name]) => html`<button type="button" key=${d} class="chip" aria-pressed=${f.month === "" && f.days.includes(d)} onClick=${() => flip(d)}>${name}</button>`)}
    </div>
    <div class="fields">
      <label>or days of the month <input type="text" pattern="\\s*-?[0-9]{1,2}(\\s*,\\s*-?[0-9]{1,2})*\\s*" placeholder="1, 15, -1 for the last" value=${f.month} onInput=${(e) => set({month: e.target.value})}/></label>
      <label>From <input type="time" required value=${f.from} onInput=${(e) => set({from: e.target.value})}/></label>
      <label>To <input type="time" required value=${f.to} onInput=${(e) => set({to: e.target.value})}/></label>
      <label>Time zone <input type="text" list="zones" required maxlength="60" value=${f.zone} onInput=${(e) => set({zone: e.target.value})}/></label>
      <label>First day <input type="date" value=${f.first} onInput=${(e) => set({first: e.target.value})}/></label>
      <label>Last day <input type="date" value=${f.last} onInput=${(e) => set({last: e.target.value})}/></label>
    </div>
    <datalist id="zones"><option value="UTC"/>${Intl.supportedValuesOf("timeZone").map((z) => html`<option key=${z} value=${z}/>`)}</datalist>
    <p class="hint">As the clocks of that zone show it, summer time and all. ${f.to <= f.from && "It ends on the next day. "}Without a last day it comes back for ever.</p>
  </fieldset>`;
}
