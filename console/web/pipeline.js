// How the installation does: who takes part, how far behind each partition is, what the edges decode and leave out, and how long a defect takes to be told of.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span, timeOfDay, zoneName} from "./clock.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {Lamp} from "./lamp.js";

/** How often it is asked for: milliseconds. */
const again = 5000;

/** A canary that came longer ago says nothing any more, and a partition that is further behind is late: microseconds, seconds. */
const canaryHolds = 25e6, late = 5;

export function Page() {
  const answer = useSignal({told: null, error: ""});
  useEffect(() => {
    let timer, ended = false;
    const load = async () => {
      try {
        const told = await getJSON("api/v1/pipeline");
        if (!ended) answer.value = {told, error: ""};
      } catch (error) {
        if (!ended) answer.value = {...answer.peek(), error: String(error.message)};
      }
      if (!ended) timer = setTimeout(load, again);
    };
    load();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, []);
  const {told, error} = answer.value;
  return html`<main class="page pipeline" aria-busy=${!told && !error}>
    ${error && html`<p class="banner" role="alert">${told ? `What you see is of ${timeOfDay(told.now)} ${zoneName(told.now)}. ` : ""}It cannot be asked for: ${error}</p>`}
    ${!told ? !error && html`<p class="calm">Asking the brokers …</p>` : html`
      ${!error && html`<${Problems} problems=${told.problems}/>`}
      <${Stages} told=${told}/>
      <${Edges} edges=${told.edges ?? []}/>
      <${Delays} delays=${told.delays ?? []}/>
      <${Partitions} told=${told}/>
      <${Processes} told=${told}/>`}
  </main>`;
}

function Problems({problems}) {
  if (problems.length === 0) return html`<p class="calm fine"><${Lamp} lamp="ok"/>Nothing that is known is wrong with the pipeline.</p>`;
  return html`<section aria-labelledby="problems"><h2 id="problems">Wrong <span class="count">${problems.length}</span></h2>
    <div role="status"><ul class="problems">${problems.map((p) => html`<li key=${p}><${Lamp} lamp="pending"/><span>${p}</span></li>`)}</ul></div></section>`;
}

const figure = (x, digits = 0) => (x === null || x === undefined ? "not known" : x.toLocaleString("en", {maximumFractionDigits: digits, minimumFractionDigits: digits}));
const seconds = (x) => (x === null || x === undefined ? "not known" : x < 10 ? `${x.toFixed(2)} s` : span(x * 1e6));

/** Stages are the way of the data, each with its figures. */
function Stages({told}) {
  const members = (name) => told.stages?.find((s) => s.name === name)?.members ?? [];
  const edges = told.edges ?? [];
  const sum = (f) => edges.reduce((all, e) => all + f(e), 0);
  const media = sum((e) => e.media_seconds), timed = sum((e) => e.timed);
  const lags = (told.lags ?? []).map((l) => l.detector), known = lags.filter((l) => l !== null);
  const canaries = (told.lags ?? []).filter((l) => l.heard !== null && now.value - l.heard < canaryHolds).map((l) => l.trip);
  const leader = members("notifier").find((m) => m.partitions.length > 0);
  const delivered = told.delays?.find((d) => d.name === "delivered");
  return html`<ol class="stages" aria-label="The way of the data">
    <${Stage} name="Edge" members=${members("ingest").length} facts=${[
      ["Streams", edges.length > 0 ? `${figure(sum((e) => e.states.up ?? 0))} of ${figure(sum((e) => e.streams))} up` : "none heard of"],
      ["Decode ratio", timed > 0 ? `${(media / timed).toFixed(2)} s of media a second` : "not known"],
      ["Load shed", edges.length > 0 ? shed(edges) : "not known"], ["Lost by us", edges.length > 0 ? `${figure(sum((e) => e.dropped))} /s` : "not known"]]}/>
    <${Stage} name="Detector" members=${members("detector").length} facts=${[
      ["Behind", known.length === 0 ? "not known" : `${seconds(Math.max(...known))} at most`], ["Not known of", known.length === lags.length ? null : `${lags.length - known.length} of ${lags.length} partitions`],
      ["Canary", canaries.length === 0 ? "none has come" : `${seconds(Math.max(...canaries))} at most, ${canaries.length} of ${lags.length} partitions`]]}/>
    <${Stage} name="Notifier" members=${members("notifier").length} facts=${[
      ["Leads", leader ? leader.instance || leader.host || leader.id : "nobody"], ["Told after", delivered?.count > 0 ? `${seconds(delivered.p50)}, ${seconds(delivered.p99)} at p99` : "nothing was told in the last hour"]]}/>
    <${Stage} name="Console" members=${1} facts=${[["This one", told.self.version], ["Up for", span(now.value - told.self.started)], ["Others", "not known: they are in no group"]]}/>
  </ol>
  <p class="hint">The canary is a stream's regular roll-up: an edge's heartbeat made it, and it has gone over the log to the detector and over the log to here, as a defect does. One comes each 10 s of each stream that is up.</p>`;
}

function shed(edges) {
  const thinned = edges.reduce((n, e) => n + e.thinned, 0), keys = edges.reduce((n, e) => n + e.key_only, 0), most = Math.max(...edges.map((e) => e.most_thinned));
  if (thinned + keys === 0) return "none";
  return [thinned > 0 && `${thinned} at 1 in ${most}`, keys > 0 && `${keys} key pictures only`].filter(Boolean).join(", ");
}

function Stage({name, members, facts}) {
  return html`<li class="stage ${members === 0 ? "gone" : ""}">
    <h2>${name} <span class="count">${members}</span></h2>
    <dl class="facts">${facts.filter(([, v]) => v !== null).map(([n, v]) => html`<dt key=${n}>${n}</dt><dd>${v}</dd>`)}</dl>
  </li>`;
}

function Edges({edges}) {
  return html`<section aria-labelledby="edges"><h2 id="edges">Edges <span class="count">${edges.length}</span></h2>
    ${edges.length === 0 ? html`<p class="empty">No stream was heard of in the last seconds.</p>` : html`<div class="wide" tabindex="0" role="group" aria-labelledby="edges"><table class="figures">
      <thead><tr><th scope="col">Edge</th><th scope="col">Streams</th><th scope="col">Up</th><th scope="col">Down</th><th scope="col">Our fault</th><th scope="col">Decoded /s</th><th scope="col">Measured /s</th><th scope="col">Decode ratio</th><th scope="col">Passed over /s</th><th scope="col">Shed</th><th scope="col">Lost /s</th><th scope="col">Received</th></tr></thead>
      <tbody>${edges.map((e) => html`<tr key=${e.url}><th scope="row"><bdi>${e.url || "not told"}</bdi></th><td>${e.streams}</td><td>${e.states.up ?? 0}</td><td>${(e.states.down ?? 0) + (e.states.starting ?? 0)}</td>
        <td class=${e.states.fault > 0 ? "firing" : ""}>${e.states.fault > 0 ? `▲ ${e.states.fault}` : "0"}</td><td>${figure(e.decoded)}</td><td>${figure(e.analysed)}</td><td>${e.timed > 0 ? (e.media_seconds / e.timed).toFixed(2) : "not known"}</td><td class=${e.passed > 0 ? "pending" : ""}>${figure(e.passed)}</td>
        <td class=${e.thinned + e.key_only > 0 ? "pending" : ""}>${shed([e])}</td><td class=${e.dropped > 0 ? "firing" : ""}>${e.dropped > 0 ? `▲ ${figure(e.dropped)}` : "0"}</td><td>${(e.bytes * 8 / 1e6).toFixed(1)} Mbit/s</td></tr>`)}</tbody>
    </table></div>`}</section>`;
}

const delayNames = {detected: "From onset until the rule was sure (with its own for)", written: "From there until the event stands on the log", delivered: "From there until somebody was first told"};

function Delays({delays}) {
  return html`<section aria-labelledby="delays"><h2 id="delays">Delays of the last hour</h2>
    <table class="figures"><thead><tr><th scope="col">Of defects</th><th scope="col">p50</th><th scope="col">p99</th><th scope="col">number</th></tr></thead>
    <tbody>${delays.map((d) => html`<tr key=${d.name}><th scope="row">${delayNames[d.name]}</th>${d.count > 0 ? html`<td>${seconds(d.p50)}</td><td>${seconds(d.p99)}</td>` : html`<td class="unknown" colspan="2">there was none</td>`}<td>${figure(d.count)}</td></tr>`)}</tbody></table></section>`;
}

/** Partitions are who has each and how far behind it is. */
function Partitions({told}) {
  const owner = (stage, n) => {
    const m = told.stages?.find((s) => s.name === stage)?.members.find((x) => x.partitions.includes(n));
    return m ? m.instance || m.host || m.id : html`<span class="pending">▲ nobody</span>`;
  };
  return html`<section aria-labelledby="partitions"><h2 id="partitions">Partitions <span class="count">${told.partitions}</span></h2>
    <div class="wide" tabindex="0" role="group" aria-labelledby="partitions"><table class="figures">
      <thead><tr><th scope="col">Partition</th><th scope="col">Edge</th><th scope="col">Detector</th><th scope="col">Features wait for</th><th scope="col">Canary took</th><th scope="col">It came</th></tr></thead>
      <tbody>${(told.lags ?? []).map((l) => html`<tr key=${l.partition}><th scope="row">${l.partition}</th><td>${owner("ingest", l.partition)}</td><td>${owner("detector", l.partition)}</td>
        <td class=${l.detector > late ? "pending" : ""}>${l.detector > late ? "▲ " : ""}${seconds(l.detector)}</td><td>${l.trip === null ? html`<span class="unknown">none yet</span>` : seconds(l.trip)}</td>
        <td class=${l.heard !== null && now.value - l.heard > canaryHolds ? "pending" : ""}>${l.heard === null ? "–" : `${span(now.value - l.heard)} ago`}</td></tr>`)}</tbody>
    </table></div></section>`;
}

/** Processes are the members of all groups, those of one process together. */
function Processes({told}) {
  const by = new Map();
  const put = (key, process, host, stage, partitions) => {
    const p = by.get(key) ?? {process, host, parts: []};
    p.parts.push({stage, partitions});
    p.host ||= host;
    by.set(key, p);
  };
  for (const s of told.stages ?? []) for (const m of s.members) put(m.process?.id ?? m.id, m.process, m.instance || m.host, s.name, m.partitions);
  put(told.self.id, told.self, "", "console", []);
  // Each stage may have a file of its own, so that the processes of one are compared.
  const differ = new Set((told.stages ?? []).filter((s) => new Set(s.members.flatMap((m) => m.process ? [m.process.config] : [])).size > 1).map((s) => s.name));
  return html`<section aria-labelledby="processes"><h2 id="processes">Processes <span class="count">${by.size}</span></h2>
    <div class="wide" tabindex="0" role="group" aria-labelledby="processes"><table class="figures processes">
      <thead><tr><th scope="col">Process</th><th scope="col">Takes part as</th><th scope="col">Version</th><th scope="col">Configuration</th><th scope="col">Since</th></tr></thead>
      <tbody>${[...by].map(([id, {process: p, host, parts}]) => html`<tr key=${id}><th scope="row"><bdi>${host || "this console"}</bdi></th>
        <td>${parts.map(({stage, partitions}) => `${stage}${stage === "notifier" ? (partitions.length > 0 ? " (leads)" : " (waits)") : partitions.length > 0 ? ` (${partitions.length} partitions)` : ""}`).join(", ")}</td>
        ${p ? html`<td>${p.version}</td><td class=${parts.some(({stage}) => differ.has(stage)) ? "pending" : ""}><code>${p.config}</code></td><td>${timeOfDay(p.started)} ${zoneName(p.started)}</td>` : html`<td class="unknown" colspan="3">not known: it says nothing of itself</td>`}</tr>`)}</tbody>
    </table></div></section>`;
}
