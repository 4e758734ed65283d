// What the last hours would have been by changed rules: asked as soon as something is changed, drawn as the answer comes, the newest first.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {exactSpan, span, timeOfDay, zoneName} from "./clock.js";
import {title} from "./defect.js";
import {html} from "./html.js";
import {mayAct} from "./me.js";
import {address, choose, view} from "./view.js";

/** How long nothing must be changed before it is asked: milliseconds. */
const settled = 400;

/** How many streams are drawn, and how many defects listed, at most. */
const streamsShown = 40, changesShown = 200;

const idle = {phase: "idle", began: null, progress: null, pieces: [], whole: null, error: ""};

/** sorts of change, by name: sign and words. */
const sorts = {added: {sign: "+", words: "added"}, removed: {sign: "−", words: "removed"}, moved: {sign: "~", words: "moved"}, same: {sign: "=", words: "the same"}};

/** linesOf are the values of an answer, one a line, as they come. */
async function* linesOf(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const {value, done} = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

/** take is the state after a line of the answer. */
function take(state, line) {
  if (line.began) return {...state, began: line.began};
  if (line.progress) return {...state, progress: line.progress};
  if (line.piece) return {...state, pieces: [...state.pieces, line.piece]};
  if (line.whole) return {...state, whole: line.whole, phase: "done"};
  return {...state, phase: "failed", error: line.error};
}

export function WhatIf({profile, rules, changed}) {
  const state = useSignal(idle), asking = useRef(null);
  const hours = Number(view.value.hours) || 24, only = view.value.only;
  const stop = () => {
    asking.current?.abort();
    asking.current = null;
    if (state.peek().phase === "running") state.value = {...state.peek(), phase: "cancelled"};
  };
  const start = async () => {
    stop();
    const mine = (asking.current = new AbortController());
    state.value = {...idle, phase: "running"};
    try {
      const body = {matchers: profile.matchers, priority: profile.priority, rules, streams: only.split(/[\s,]+/).filter(Boolean), hours};
      const answer = await fetch(`api/v1/profiles/${encodeURIComponent(profile.name)}/what-if`,
        {method: "POST", signal: mine.signal, headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `status ${answer.status}`);
      for await (const line of linesOf(answer)) if (asking.current === mine) state.value = take(state.peek(), line);
      if (asking.current === mine && state.peek().phase === "running") throw new Error("the answer broke off");
    } catch (error) {
      if (asking.current === mine) state.value = {...state.peek(), phase: "failed", error: String(error.message)};
    }
  };
  useEffect(() => {
    const timer = changed && mayAct.peek() ? setTimeout(start, settled) : null;
    if (!changed) state.value = idle;
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [profile.name, changed, hours, only]);
  const {phase} = state.value;
  return html`<section class="whatif" aria-labelledby="whatif-heading">
    <h2 id="whatif-heading">What the last ${hours} h would have been</h2>
    <div class="asked">
      <label>Look back <select value=${String(hours)} onChange=${(e) => choose({hours: e.target.value === "24" ? "" : e.target.value})}>
        ${[1, 3, 6, 12, 24].map((h) => html`<option key=${h} value=${String(h)}>${h} h</option>`)}</select></label>
      <label>Only streams <input type="text" placeholder="all, or news-* sport-1" spellcheck="false" autocomplete="off" value=${only} onChange=${(e) => choose({only: e.target.value.trim()})}/></label>
      ${phase === "running" ? html`<button type="button" class="chip" onClick=${stop}>Cancel</button>`
        : html`<button type="button" class="chip" disabled=${!mayAct.value} title=${mayAct.value ? null : "This needs the role operator"} onClick=${start}>${phase === "idle" ? "Try" : "Try again"}</button>`}
    </div>
    <${Standing} state=${state.value}/>
    ${state.value.began && html`<${Result} state=${state.value}/>`}
  </section>`;
}

/** Standing is how far it is, in words and as a bar. */
function Standing({state}) {
  const {phase, began, progress, error} = state;
  if (phase === "idle") return html`<p class="empty">Change an option above, and it is tried on what was recorded: nothing is changed for anybody until it is published.</p>`;
  if (phase === "failed") return html`<p class="firing" role="alert">It cannot be told: ${error}</p>`;
  if (phase === "cancelled") return html`<p class="empty" role="status">Cancelled${began ? ": what is shown is as far as it came" : ""}.</p>`;
  if (phase === "done") return html`<p class="empty" role="status">Looked at as a whole: this is what it would have been.</p>`;
  const share = progress ? (progress.whole ? 0.5 + progress.share / 2 : progress.share / 2) : 0;
  const words = !progress ? "Reading the log …" : progress.whole ? "Looked at piece by piece; now as a whole" : `Looked back ${span(Math.round(progress.share * (began.to - began.from)))} of ${Math.round((began.to - began.from) / 3600e6)} h`;
  return html`<div class="standing"><progress max="1" value=${share} aria-label="How far it is"></progress>
    <span role="status">${words}</span>${progress && html` <span class="hint">${Math.round(progress.per_second / 1000).toLocaleString("en")} k records/s</span>`}</div>`;
}

/** sum puts pieces together as far as they are there. */
function sum(pieces) {
  const all = {same: 0, added: 0, removed: 0, moved: 0, left_out: 0, changes: [], changes_left_off: 0};
  for (const p of pieces) for (const key of Object.keys(all)) all[key] = key === "changes" ? all.changes.concat(p.changes) : all[key] + p[key];
  return all;
}

function Result({state}) {
  const {began, pieces, whole} = state;
  const shown = useSignal({added: true, removed: true, moved: true, same: false});
  const result = whole ?? sum(pieces), since = whole ? began.from : pieces.at(-1)?.from ?? began.to;
  const days = (began.streams.length * (began.to - since)) / 86400e6;
  const rate = (n) => (days > 0 ? (n / days).toFixed(n / days < 10 ? 1 : 0) : "–");
  const before = result.same + result.removed + result.moved, after = result.same + result.added + result.moved;
  const listed = result.changes.filter((c) => shown.value[c.change]).sort((a, b) => (b.after ?? b.before).onset - (a.after ?? a.before).onset);
  return html`
    <dl class="sums">
      <div><dt>Told</dt><dd><b>${before}</b> ${rate(before)} a stream and day</dd></div>
      <div><dt>Would be</dt><dd><b>${after}</b> ${rate(after)} a stream and day</dd></div>
      <div><dt>Streams</dt><dd><b>${began.streams.length}</b> ${began.streams_left_off > 0 && `evenly chosen of ${began.streams.length + began.streams_left_off}`}</dd></div>
    </dl>
    <${Judged} changes=${result.changes}/>
    <div class="chips" role="group" aria-label="List only">${Object.entries(sorts).map(([name, {sign, words}]) => html`<button type="button" key=${name} class="chip sort ${name}" aria-pressed=${shown.value[name]}
      onClick=${() => (shown.value = {...shown.value, [name]: !shown.value[name]})}><b>${sign} ${result[name]}</b> ${words}</button>`)}</div>
    ${result.left_out > 0 && html`<p class="hint">${result.left_out} more cannot be compared: the features that they were told by are not on the log any more.</p>`}
    ${result.changes_left_off > 0 && html`<p class="hint">${result.changes_left_off} more are counted but not shown.</p>`}
    <${Timelines} began=${began} since=${since} changes=${result.changes}/>
    ${listed.length > 0 && html`<${Changes} changes=${listed}/>`}`;
}

/** Judged is what people have said of what would be added and removed. */
function Judged({changes}) {
  const count = (change, verdict) => changes.filter((c) => c.change === change && c.verdict === verdict).length;
  const words = [];
  for (const [change, was] of [["added", "are"], ["removed", "were"]]) {
    const [right, wrong] = [count(change, "confirmed"), count(change, "false_alarm")];
    if (right + wrong > 0) words.push(`of the ${change} ${right} ${was} right and ${wrong} false alarms`);
  }
  return words.length > 0 && html`<p>By the verdicts: ${words.join(", ")}.</p>`;
}

/** Timelines are the streams, those with the most changes first, each with what was told above and what would be below. */
function Timelines({began, since, changes}) {
  const by = Map.groupBy(changes, (c) => c.stream);
  const changed = (id) => (by.get(id) ?? []).filter((c) => c.change !== "same").length;
  const streams = began.streams.filter((id) => by.has(id)).sort((a, b) => changed(b) - changed(a) || by.get(b).length - by.get(a).length);
  const quiet = began.streams.length - streams.length;
  return html`<figure class="timelines">
    <figcaption>Above as it was told, below as it would be. <span class="mark same"></span> the same <span class="mark removed"></span> removed <span class="mark added"></span> added <span class="mark moved"></span> moved</figcaption>
    ${streams.slice(0, streamsShown).map((id) => html`<${Timeline} key=${id} id=${id} began=${began} since=${since} changes=${by.get(id)}/>`)}
    <div class="axis"><span>${timeOfDay(began.from)}</span><span>${timeOfDay((began.from + began.to) / 2)}</span><span>${timeOfDay(began.to)} ${zoneName(began.to)}</span></div>
    ${streams.length > streamsShown && html`<p class="hint">${streams.length - streamsShown} more streams have defects.</p>`}
    ${quiet > 0 && html`<p class="hint">${quiet === 1 ? "One stream has" : `${quiet} streams have`} no defect${since > began.from ? " so far" : ""}.</p>`}
  </figure>`;
}

const wide = 1000;

function Timeline({id, began, since, changes}) {
  const x = (t) => Math.min(Math.max(((t - began.from) / (began.to - began.from)) * wide, 0), wide);
  const bar = (sort, s, y) => {
    const from = Math.min(x(s.onset), wide - 3);
    return {sort, d: `M${from.toFixed(1)} ${y}h${Math.max(x(s.end) - from, 3).toFixed(1)}v9h${-Math.max(x(s.end) - from, 3).toFixed(1)}z`};
  };
  const bars = changes.flatMap((c) => [c.before && bar(c.change, c.before, 2), c.after && bar(c.change, c.after, 14)].filter(Boolean));
  const counts = Object.entries(sorts).map(([name, {words}]) => [changes.filter((c) => c.change === name).length, words]).filter(([n]) => n > 0);
  return html`<div class="timeline">
    <a href=${address({stream: id})} title=${id}><bdi>${id}</bdi></a>
    <svg viewBox="0 0 ${wide} 25" preserveAspectRatio="none" role="img" aria-label=${`${id}: ${counts.map(([n, words]) => `${n} ${words}`).join(", ")}`}>
      ${since > began.from && html`<rect class="unseen" x="0" y="0" width=${x(since)} height="25"/>`}
      ${Object.entries(Object.groupBy(bars, (b) => b.sort)).map(([sort, all]) => html`<path key=${sort} class=${sort} d=${all.map((b) => b.d).join("")}/>`)}
    </svg>
    <span class="tally">${Object.entries(sorts).filter(([name]) => name !== "same").map(([name, {sign}]) => [name, sign, changes.filter((c) => c.change === name).length]).filter(([, , n]) => n > 0)
      .map(([name, sign, n]) => html`<span key=${name} class=${name}>${sign}${n}</span> `)}</span>
  </div>`;
}

function Changes({changes}) {
  const lasted = (s) => (s ? html`${exactSpan(s.end - s.onset)}${s.open && " so far"}, ${s.severity}` : "–");
  return html`<div class="scrolling" tabindex="0" role="region" aria-label="Defects"><table class="figures changes">
    <thead><tr><th scope="col">Change</th><th scope="col">Began</th><th scope="col">Stream</th><th scope="col">Defect</th><th scope="col">As told</th><th scope="col">As it would be</th><th scope="col">Verdict</th></tr></thead>
    <tbody>${changes.slice(0, changesShown).map((c) => html`<tr key=${(c.before ?? c.after).defect + c.change}>
      <td class=${c.change}>${sorts[c.change].sign} ${sorts[c.change].words}</td>
      <td>${timeOfDay((c.before ?? c.after).onset)}</td>
      <td><a href=${address({stream: c.stream})}><bdi>${c.stream}</bdi></a></td>
      <td>${c.before ? html`<a href=${address({defect: c.before.defect})}>${title(c)}</a>` : title(c)}</td>
      <td>${lasted(c.before)}</td><td>${lasted(c.after)}</td>
      <td>${c.verdict.replaceAll("_", " ")}</td>
    </tr>`)}</tbody>
  </table></div>
  ${changes.length > changesShown && html`<p class="hint">The latest ${changesShown} of ${changes.length} are listed.</p>`}`;
}
