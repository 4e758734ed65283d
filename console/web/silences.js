// The page of silences: what nobody is told of, by whom, why and for how long.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span, timeOfDay, zoneName} from "./clock.js";
import {ask, getJSON, postJSON} from "./feed.js";
import {html} from "./html.js";
import {MatcherList, muted, Named} from "./matchers.js";
import {mayAct} from "./me.js";
import {SilenceForm} from "./silenceform.js";
import {stylesheet} from "./stylesheet.js";
import {choose, view} from "./view.js";

/** How often the lists are asked for again: milliseconds. */
const again = 5000;

/** soon is how long before its end a silence is warned of: microseconds. */
const soon = 15 * 60e6;

const hour = 3600e6;

/** endedShown is how many silences that have ended are shown. */
const endedShown = 50;

const sheets = Promise.all([stylesheet("managed.css"), stylesheet("silences.css")]);

export function Page() {
  const lists = useSignal(null), said = useSignal({text: "", error: false});
  const load = async () => {
    try {
      const [silences, recurrences] = await Promise.all([getJSON("api/v1/silences?ended=true"), getJSON("api/v1/recurrences"), sheets]);
      lists.value = {silences: silences.silences, recurrences: recurrences.recurrences, error: ""};
    } catch (error) {
      lists.value = {...lists.peek(), error: String(error.message)};
    }
  };
  useEffect(() => {
    let timer;
    const turn = async () => {
      await load();
      if (timer !== null) timer = setTimeout(turn, again);
    };
    turn();
    return () => {
      clearTimeout(timer);
      timer = null;
    };
  }, []);
  const act = async (what, after) => {
    try {
      await what();
      said.value = {text: after, error: false};
    } catch (error) {
      said.value = {text: String(error.message), error: true};
    }
    await load();
  };
  if (lists.value === null) return html`<main class="page managed silences" aria-busy="true"><p class="empty">Loading …</p></main>`;
  const {silences, recurrences, error} = lists.value, at = now.value;
  if (!silences) return html`<main class="page managed silences"><p class="problem" role="alert">The silences cannot be had: ${error}</p></main>`;
  const mine = silences.filter((s) => JSON.stringify([s.matchers, s.by, s.comment]).toLowerCase().includes(view.value.search.toLowerCase()));
  const inForce = mine.filter((s) => s.start <= at && s.end > at), toCome = mine.filter((s) => s.start > at);
  const ended = mine.filter((s) => s.end <= at).sort((x, y) => y.end - x.end);
  const ending = inForce.filter((s) => s.end - at < soon);
  const open = view.value.silence !== "";
  return html`<main class="page managed silences">
    <header class="page-head">
      <h2 class="page-title">Silences</h2>
      <button type="button" class="chip main" aria-expanded=${open} disabled=${!mayAct.value} onClick=${() => choose({silence: open ? "" : "new"})}>New silence</button>
    </header>
    <p role="status" class=${said.value.error ? "problem" : "said"}>${said.value.text}</p>
    ${error && html`<p class="problem" role="alert">The silences cannot be had: ${error}</p>`}
    ${ending.length > 0 && html`<section class="ending" aria-labelledby="ending"><h2 id="ending">Ending soon <span class="count">${ending.length}</span></h2>
      <ul>${ending.map((s) => html`<li key=${s.id}><b>${span(s.end - at)} left</b> <${MatcherList} matchers=${s.matchers}/><${Extend} silence=${s} act=${act}/></li>`)}</ul></section>`}
    ${open && mayAct.value && html`<${SilenceForm} key=${view.value.silence} matchers=${view.value.silence === "new" ? [] : view.value.silence.split("\n")}
      done=${(text) => { choose({silence: ""}); said.value = {text, error: false}; load(); }} cancel=${() => choose({silence: ""})}/>`}
    <${List} id="in-force" heading="In force" empty="Everything is told." silences=${inForce} act=${act}/>
    <${Recurring} recurrences=${recurrences} act=${act}/>
    <${List} id="to-come" heading="To come" empty="None." silences=${toCome} act=${act}/>
    <${List} id="ended" heading="Ended" empty="None of late." silences=${ended.slice(0, endedShown)} act=${act}/>
  </main>`;
}

function List({id, heading, empty, silences, act}) {
  return html`<section aria-labelledby=${id}><h2 id=${id}>${heading} <span class="count">${silences.length}</span></h2>
    ${silences.length === 0 ? html`<p class="empty">${empty}</p>` : html`<ul class="cards">${silences.map((s) => html`<${Silence} key=${s.id} silence=${s} act=${act}/>`)}</ul>`}
  </section>`;
}

function Moment({at}) {
  return html`<time datetime=${new Date(at / 1000).toISOString()}>${timeOfDay(at)}</time>`;
}

function Silence({silence: s, act}) {
  const at = now.value, over = s.end <= at, coming = s.start > at;
  const left = over ? `ended ${span(at - s.end)} ago` : coming ? `in ${span(s.start - at)}, for ${span(s.end - s.start)}` : `${span(s.end - at)} left`;
  return html`<li class="card ${over ? "over" : coming ? "coming" : "active"}">
    <div class="line"><${MatcherList} matchers=${s.matchers}/><b class="left">${left}</b></div>
    <p class="comment">${s.comment}</p>
    <p class="empty"><${Moment} at=${s.start}/> – <${Moment} at=${s.end}/> ${zoneName(s.end)}, by <bdi>${s.by}</bdi>${s.recurrence && ", recurring"}</p>
    ${!coming && !over && html`<progress max=${s.end - s.start} value=${at - s.start} aria-label="How much of it is over"></progress>`}
    ${s.mutes && html`<${Mutes} silence=${s}/>`}
    <div class="chips">
      ${!over && html`<${Extend} silence=${s} act=${act}/>
        <button type="button" class="chip" disabled=${!mayAct.value} onClick=${() => act(() => ask("DELETE", `api/v1/silences/${s.id}`), "The silence has ended.")}>${coming ? "Call off" : "End now"}</button>`}
      ${over && html`<button type="button" class="chip" disabled=${!mayAct.value} onClick=${() => choose({silence: s.matchers.join("\n")})}>Again …</button>`}
    </div>
  </li>`;
}

/** Mutes is how much a silence mutes, and, when it is opened, what. */
function Mutes({silence: s}) {
  const found = useSignal(null);
  const show = (e) => {
    if (!e.target.open || found.value !== null) return;
    getJSON(`api/v1/silences/preview?${s.matchers.map((m) => `matcher=${encodeURIComponent(m)}`).join("&")}`).then((a) => (found.value = {answer: a}), (error) => (found.value = {error: String(error.message)}));
  };
  return html`<details onToggle=${show}><summary>${s.start > now.value ? "Would mute" : "Mutes"} ${muted(s.mutes)}</summary>
    ${found.value === null ? html`<p class="empty">Looking it up …</p>` : found.value.error ? html`<p class="problem">${found.value.error}</p>` : html`<${Named} answer=${found.value.answer}/>`}
  </details>`;
}

function Extend({silence: s, act}) {
  const by = (micros, text) => html`<button type="button" class="chip" disabled=${!mayAct.value} aria-label=${`Extend by ${text}`}
    onClick=${() => act(() => postJSON(`api/v1/silences/${s.id}/extend`, {end: Math.round(s.end + micros)}), `It ends ${text} later.`)}>+ ${text}</button>`;
  return html`${by(hour, "1 h")} ${by(24 * hour, "1 d")}`;
}

function Recurring({recurrences, act}) {
  return html`<section aria-labelledby="recurring"><h2 id="recurring">Recurring <span class="count">${recurrences.length}</span></h2>
    ${recurrences.length === 0 ? html`<p class="empty">None.</p>` : html`<ul class="cards">${recurrences.map((r) => html`<${Recurrence} key=${r.id} recurrence=${r} act=${act}/>`)}</ul>`}
  </section>`;
}

const dayNames = {mon: "Monday", tue: "Tuesday", wed: "Wednesday", thu: "Thursday", fri: "Friday", sat: "Saturday", sun: "Sunday"};

/** scheduleWords is a schedule as one says it. */
function scheduleWords({days = [], month_days: month = [], from, to, zone, first, last}) {
  const when = days.length === 7 ? "Every day" : days.length > 0 ? `Every ${days.map((d) => dayNames[d] ?? d).join(", ")}`
    : `Each month on day ${month.map((d) => (d === -1 ? "last" : d < 0 ? `${-d} from the end` : d)).join(", ")}`;
  return `${when}, ${from} – ${to}${to <= from ? " the next day" : ""} ${zone}${first ? `, from ${first}` : ""}${last ? `, until ${last}` : ""}`;
}

function Recurrence({recurrence: r, act}) {
  const sure = useSignal(false), next = r.next;
  const when = next === null ? "No more" : next.start <= now.value ? `Open for ${span(next.end - now.value)} more` : `Next in ${span(next.start - now.value)}`;
  return html`<li class="card recurring">
    <div class="line"><${MatcherList} matchers=${r.matchers}/><b class="left">${when}</b></div>
    <p class="schedule">${scheduleWords(r.schedule)}</p>
    <p class="comment">${r.comment}</p>
    <p class="empty">${next && html`<${Moment} at=${next.start}/> – <${Moment} at=${next.end}/> ${zoneName(next.end)}, `}by <bdi>${r.by}</bdi></p>
    <div class="chips">
      ${sure.value ? html`<button type="button" class="chip danger" onClick=${() => act(() => ask("DELETE", `api/v1/recurrences/${r.id}`), "It comes back no longer, and what was in force of it has ended.")}>Yes, remove it</button>
        <button type="button" class="chip" onClick=${() => (sure.value = false)}>Keep it</button>`
        : html`<button type="button" class="chip" disabled=${!mayAct.value} onClick=${() => (sure.value = true)}>Remove</button>`}
    </div>
  </li>`;
}
