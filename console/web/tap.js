// The tap: the records of a topic as they come, decoded, with a condition. What is tapped stands in the address.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span, timeOfDay, zone, zoneName} from "./clock.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {mayAct} from "./me.js";
import {Record} from "./record.js";
import {choose, view} from "./view.js";

/** How many records are kept, and how often what has come is shown: milliseconds. */
const kept = 300, pause = 250;

/** What is older than this when it comes is of the past: microseconds. */
const past = 10e6;

const examples = ['kind == "freeze"', 'severity == "critical" and state == "opened"', 'meta.record == "StreamSecond" and state != "up"', "luma.mean < 20 * 256", "transport.sync_losses > 0", "meta.poison"];

export function Page() {
  const topics = useSignal({list: null, error: ""});
  const running = useSignal(view.peek().topic !== "");
  useEffect(() => {
    if (mayAct.value) getJSON("api/v1/topics").then(({topics: list}) => (topics.value = {list, error: ""}), (e) => (topics.value = {list: null, error: String(e.message)}));
  }, [mayAct.value]);
  const {list, error} = topics.value;
  if (!mayAct.value) return html`<main class="page"><p class="calm">The tap is for operators: it shows what stands on the log.</p></main>`;
  if (!list) return html`<main class="page">${error ? html`<p class="calm" role="alert">The topics cannot be had: ${error}</p>` : html`<p class="calm" aria-busy="true">Loading …</p>`}</main>`;
  const topic = list.find((t) => t.name === view.value.topic);
  return html`<main class="page tap">
    <h2>Tap</h2>
    <${Form} topics=${list} topic=${topic} onChange=${() => (running.value = true)}/>
    <${Records} topic=${topic} running=${running}/>
  </main>`;
}

/** Form is what is to be tapped. Each change begins anew. */
function Form({topics, topic, onChange}) {
  const {partition, key, where, start} = view.value;
  const set = (change) => {
    choose(change);
    onChange();
  };
  const partitions = topic ? Array.from({length: topic.partitions}, (_, i) => String(i)) : [];
  return html`<form class="tap-form" onSubmit=${(e) => e.preventDefault()}>
    <label class="wide">Topic
      <select value=${view.value.topic} onChange=${(e) => set({topic: e.target.value, partition: "", key: "", where: ""})}>
        <option value="">Choose one …</option>
        ${topics.map((t) => html`<option key=${t.name} value=${t.name}>${t.name}</option>`)}
      </select></label>
    <label>Partition
      <select value=${partition} disabled=${!topic} onChange=${(e) => set({partition: e.target.value})}>
        <option value="">all</option>${partitions.map((p) => html`<option key=${p} value=${p}>${p}</option>`)}
      </select></label>
    <label class="wide">Key${topic && `: ${topic.key}`}
      <input type="text" value=${key} disabled=${!topic} placeholder="any" autocomplete="off" spellcheck="false" onChange=${(e) => set({key: e.target.value.trim()})}/></label>
    <label class="when">From, ${zoneName(now.value)}
      <input type="datetime-local" step="1" value=${inputOf(start)} disabled=${!topic} onChange=${(e) => set({start: instantOf(e.target.value)})}/></label>
    <label class="where">Where
      <input type="text" list="tap-examples" value=${where} disabled=${!topic} placeholder=${`all records; or such as ${examples[0]} and value > 0.9`} maxlength="1000" autocomplete="off" spellcheck="false" onChange=${(e) => set({where: e.target.value.trim()})}/>
      <datalist id="tap-examples">${examples.map((x) => html`<option key=${x} value=${x}/>`)}</datalist></label>
    <p class="hint">${topic ? html`${topic.doc} It carries ${topic.records.join(", ")}.` : "A topic of the log, as its readers see it."} Fields by name: <code>${"== != < > and or not in contains matches"}</code>, <code>${"any(channels, .peak > -100)"}</code>, and <code>meta.record</code>, <code>meta.offset</code>, <code>meta.poison</code>. Secrets are masked, weights never shown.</p>
  </form>`;
}

/** inputOf and instantOf turn microseconds into what an input of date and time holds, in the zone that is chosen, and back. */
function inputOf(start) {
  if (!start) return "";
  const date = new Date(Number(start) / 1000);
  return date.toLocaleString("sv-SE", {timeZone: zone.value === "UTC" ? "UTC" : undefined}).replace(" ", "T");
}

function instantOf(text) {
  const at = Date.parse(zone.peek() === "UTC" ? `${text}Z` : text);
  return Number.isNaN(at) ? "" : String(at * 1000);
}

/** Records are those that have come, the newest first, with how many there were. */
function Records({topic, running}) {
  const {partition, key, where, start} = view.value;
  const state = useSignal({records: [], count: null, wrong: ""});
  const number = useRef(0);
  useEffect(() => {
    if (!topic || !running.value) return undefined;
    const stop = new AbortController();
    const query = new URLSearchParams(Object.entries({topic: topic.name, partition, key, where, from: start}).filter(([, v]) => v !== ""));
    state.value = {records: state.peek().records, count: null, wrong: ""};
    let fresh = [], count = null, timer;
    const show = () => {
      timer = undefined;
      state.value = {...state.peek(), count, records: [...fresh.reverse(), ...state.peek().records].slice(0, kept)};
      fresh = [];
    };
    const take = (line) => {
      if (line.record) fresh.push({...line.record, number: number.current++});
      if (line.count) count = line.count;
      if (line.end) throw new Error(line.end);
      timer ??= setTimeout(show, pause);
    };
    read(`api/v1/tap?${query}`, stop.signal, take).then(() => "The console has ended it.", (e) => (e.name === "AbortError" ? "" : String(e.message))).then((wrong) => {
      if (stop.signal.aborted) return;
      state.value = {...state.peek(), wrong};
      running.value = false;
    });
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [topic?.name, partition, key, where, start, running.value]);
  useEffect(() => {
    state.value = {...state.peek(), records: []};
  }, [topic?.name, partition, key, where, start]);
  useEffect(() => {
    const pressed = (e) => {
      if (e.key === "p" && topic && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.matches("input, textarea, select")) running.value = !running.peek();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [topic?.name]);
  const {records, count, wrong} = state.value;
  return html`
    <div class="tap-bar">
      <button type="button" class="chip go" disabled=${!topic} onClick=${() => (running.value = !running.value)}>${running.value && topic ? "Pause" : "Start"} <kbd>p</kbd></button>
      <button type="button" class="chip" disabled=${records.length === 0} onClick=${() => (state.value = {...state.value, records: []})}>Clear</button>
      <span role="status">${topic && told(count, running.value)}</span>
      ${wrong && html`<span class="wrong" role="alert">${wrong}</span>`}
    </div>
    ${records.length === 0
      ? html`<p class="calm">${!topic ? "Choose a topic." : running.value ? "Nothing has come yet." : wrong ? "Nothing is tapped." : "Paused."}</p>`
      : html`<ol class="tapped">${records.map((r) => html`<${Row} key=${r.number} record=${r}/>`)}</ol>`}`;
}

/** told says how much there was. */
function told(count, running) {
  if (!running) return "Paused";
  if (!count) return "Reading …";
  const n = (x) => x.toLocaleString("en");
  const behind = count.at > 0 && now.value - count.at > past && count.read > 0;
  return `${n(count.read)} read, ${n(count.shown)} shown${count.left_out > 0 ? `, ${n(count.left_out)} left out: too many` : ""}${behind ? `; the last is of ${timeOfDay(count.at)}, ${span(now.value - count.at)} ago` : ""}`;
}

/** read gives each line of an answer as it comes. */
async function read(path, signal, take) {
  const answer = await fetch(path, {cache: "no-store", signal});
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `${path}: ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const {value, done} = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.forEach((l) => take(JSON.parse(l)));
  }
}

/** dull are fields that say little on one line. */
const dull = new Set(["session", "epoch", "seq", "at", "pts", "arrival", "id", "stream", "format", "dts_delta", "duration", "decode_us", "generation"]);

/** oneLine is what is plain in a record. */
function oneLine({value, poison, tombstone}) {
  if (poison) return `cannot be read: ${poison}`;
  if (tombstone) return "tombstone";
  const shown = Object.entries(value ?? {}).filter(([n, v]) => v !== null && v !== "" && typeof v !== "object" && !dull.has(n));
  return shown.slice(0, 8).map(([n, v]) => `${n}=${String(v).slice(0, 60)}`).join(" ");
}

function Row({record}) {
  const open = useSignal(false), raw = useSignal(null);
  const ask = () => getJSON(`api/v1/topics/${encodeURIComponent(record.topic)}/records/${record.partition}/${record.offset}`)
    .then((r) => (raw.value = r.raw ? dumped(r.raw) : "Its bytes would show what is hidden or masked."), (e) => (raw.value = String(e.message)));
  return html`<li><details onToggle=${(e) => (open.value = e.target.open)}>
    <summary>
      <time>${timeOfDay(record.time)}</time><span class="place">${record.partition}:${record.offset}</span><bdi>${record.key ?? "–"}</bdi><span>${record.poison ? html`<b class="poison">poison</b>` : record.record || "tombstone"}</span>
      <span class="what">${oneLine(record)}</span><span class="size">${record.bytes} B</span>
    </summary>
    ${open.value && html`<div class="inside">
      <${Record} record=${record}/>
      <div class="raw">${raw.value === null ? html`<div><button type="button" class="chip" onClick=${ask}>Show its bytes</button></div>` : html`<pre tabindex="0">${raw.value}</pre>`}</div>
    </div>`}
  </details></li>`;
}

/** dumped is hexadecimal digits in lines of 16 bytes, with their place before and as text behind. */
function dumped(digits) {
  const lines = [];
  for (let at = 0; at < digits.length; at += 32) {
    const bytes = digits.slice(at, at + 32).match(/../g);
    const text = bytes.map((b) => parseInt(b, 16)).map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    lines.push(`${(at / 2).toString(16).padStart(6, "0")}  ${bytes.join(" ").padEnd(47)}  ${text}`);
  }
  return lines.join("\n");
}
