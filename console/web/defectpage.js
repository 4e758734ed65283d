// One defect in full, in a dialog over the page: when what happened, what it looked like, what it was made of, and what people say of it.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {exactSpan, now, timeOfDay, zoneName} from "./clock.js";
import {DefectRow, ending, Lasting, title} from "./defect.js";
import {getJSON, link, postJSON} from "./feed.js";
import {html} from "./html.js";
import {mayAct} from "./me.js";
import {Plot} from "./plot.js";
import {Share} from "./share.js";
import {Sheet} from "./sheet.js";
import {begin, defectNamed, isOpen} from "./store.js";
import {address, choose} from "./view.js";

/** Formats that browsers play. */
const playable = ["video/mp4", "video/webm"];

export function DefectPage({id}) {
  const old = useOld(id);
  const defect = defectNamed(id) ?? old.defect;
  return html`<${Sheet} id="defect-name" title=${defect ? title(defect) : "Defect"} after=${defect && html`<span class="severity ${defect.severity}">${defect.severity}</span>`}
    onClose=${() => choose({defect: ""})}>
    ${defect ? html`<${Body} key=${id} defect=${defect}/>` : html`<p class="empty" role="status">${old.said}</p>`}
  </${Sheet}>`;
}

/** useOld is a defect that ended too long ago to be among those that the page knows, from the log, or what is said instead. */
function useOld(id) {
  const answer = useSignal({defect: null, said: "Reading the log …"});
  const missing = link.value.state === "live" && !defectNamed(id);
  useEffect(() => {
    if (!missing) return;
    getJSON(`api/v1/defects/${encodeURIComponent(id)}`).then(({defect}) => (answer.value = {defect, said: ""}), (e) => (answer.value = {defect: null, said: `It cannot be had: ${e.message}`}));
  }, [id, missing]);
  return answer.value;
}

/** Body is the defect with its story: what the API tells of it beside its latest event. */
function Body({defect}) {
  const told = useSignal({story: null, error: ""});
  const load = () => getJSON(`api/v1/defects/${defect.id}`).then((story) => (told.value = {story, error: ""}), (e) => (told.value = {...told.peek(), error: String(e.message)}));
  useEffect(() => void load(), [defect.id, defect.revision, defect.acknowledged?.time]);
  const {story, error} = told.value;
  return html`
    <p class="lead">${defect.summary}</p>
    <${Actions} defect=${defect} said=${story?.verdicts ?? []} done=${load}/>
    <dl class="facts">
      <dt>Stream</dt><dd><a href=${address({defect: "", stream: defect.stream})}><bdi>${defect.stream}</bdi></a></dd>
      <${Timeline} defect=${defect} times=${story?.times}/>
      ${defect.profile && html`<dt>Profile</dt><dd>${defect.profile}</dd>`}
      ${(defect.labels ?? []).map(({name, value}) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}
    </dl>
    ${error && html`<p class="empty" role="status">Its story cannot be had: ${error}</p>`}
    <${Evidence} evidence=${defect.evidence}/>
    <${Share} defect=${defect}/>
    <${Trace} defect=${defect}/>
    ${story?.neighbours.length > 0 && html`<section class="defects" aria-labelledby="neighbours"><h2 id="neighbours">At the same moment <span class="count">${story.neighbours.length}</span></h2>
      <ol>${story.neighbours.slice(0, 20).map((d) => html`<${DefectRow} key=${d.id} defect=${d}/>`)}</ol></section>`}
    ${story?.deliveries.length > 0 && html`<${Deliveries} deliveries=${story.deliveries}/>`}`;
}

/** Timeline is the life of a defect, each instant with how long after its start it came. */
function Timeline({defect, times}) {
  const onset = begin(defect), taken = defect.acknowledged;
  const after = (at) => html`<${Moment} at=${at}/> <span class="after">+${exactSpan(at - onset)}</span>`;
  return html`
    <dt>Began</dt><dd><${Moment} at=${onset}/></dd>
    ${times?.detected && html`<dt>Detected</dt><dd>${after(times.detected)}</dd>`}
    ${times?.notified && html`<dt>Notified</dt><dd>${after(times.notified)}</dd>`}
    ${taken ? html`<dt>Acknowledged</dt><dd>${after(taken.time)} by ${taken.by}${taken.note && `: ${taken.note}`}</dd>` : times?.acknowledged && html`<dt>Acknowledged</dt><dd>${after(times.acknowledged)}</dd>`}
    ${!isOpen(defect) && html`<dt>Ended</dt><dd><${Moment} at=${defect.end}/>, ${ending(defect)}</dd>`}
    <dt>${isOpen(defect) ? "Lasting" : "Lasted"}</dt><dd><${Lasting} defect=${defect}/></dd>`;
}

function Deliveries({deliveries}) {
  return html`<section aria-labelledby="deliveries"><h2 id="deliveries">Told <span class="count">${deliveries.length}</span></h2>
    <table class="figures"><thead><tr><th scope="col">To</th><th scope="col">What</th><th scope="col">Outcome</th><th scope="col">When</th></tr></thead>
    <tbody>${deliveries.slice(-20).map((d) => html`<tr key=${`${d.message} ${d.attempt}`}><th scope="row">${d.receiver}</th><td>${d.state}</td>
      <td>${d.outcome}${d.attempt > 1 && `, attempt ${d.attempt}`}${d.error && `: ${d.error}`}</td><td>${timeOfDay(d.time)}</td></tr>`)}</tbody></table></section>`;
}

function Moment({at}) {
  return html`<time datetime=${new Date(at / 1000).toISOString()}>${timeOfDay(at)}</time> ${zoneName(at)}`;
}

function Evidence({evidence}) {
  if (!evidence) return null;
  const clip = evidence.clip?.slice(1), filmstrip = evidence.filmstrip?.slice(1);
  return html`<section class="evidence" aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
    ${filmstrip && html`<a href=${filmstrip} target="_blank"><img src=${filmstrip} alt="Pictures before it began and since" loading="lazy"/></a>
      <p class="hint">One picture a second. The bar below is grey before it began, and red since.</p>`}
    ${clip && html`<${Clip} key=${clip} clip=${clip} evidence=${evidence}/>`}
  </section>`;
}

/** Clip plays in the page where the browser can; it can be downloaded in any case. */
function Clip({clip, evidence}) {
  const fails = useSignal(!playable.includes(evidence.content_type));
  return html`
    ${!fails.value && html`<video src=${clip} controls preload="metadata" aria-label="Clip" onError=${() => (fails.value = true)}></video>`}
    <p><a href=${clip} download>Download the clip</a>, ${exactSpan(evidence.end - evidence.start)} from <${Moment} at=${evidence.start}/>${fails.value && ". This browser does not play its format."}</p>`;
}

/** Trace is the figure that the rule made of the stream, with the level from which on it is bad. */
function Trace({defect}) {
  const answer = useSignal(null);
  useEffect(() => {
    getJSON(`api/v1/defects/${encodeURIComponent(defect.id)}/trace`).then((a) => (answer.value = a), (e) => (answer.value = {error: String(e.message)}));
  }, [defect.id, defect.state]);
  const a = answer.value;
  return html`<section class="plots" aria-labelledby="trace"><h2 id="trace">What the rule saw</h2>
    ${a === null ? html`<p class="empty">Reading the log …</p>`
      : a.error ? html`<p class="empty">It cannot be had: ${a.error}</p>`
      : html`<${Plot} series=${a.series} from=${a.from} to=${a.to} height=${180} levels=${[{at: a.raise, name: "raise"}, {at: a.clear, name: "clear"}]}
          spans=${[{from: begin(defect), to: isOpen(defect) ? a.to : defect.end}]}/>`}
  </section>`;
}

const labels = {confirmed: "Confirmed", false_alarm: "False alarm", missed: "Missed"};

/** muteFor is how long the button mutes: microseconds. */
const muteFor = 3600e6;

/** Actions are what may be done about a defect, by button or key, and what people have said of it. */
function Actions({defect, said, done}) {
  const state = useSignal(""), newest = useRef(0);
  const act = async (path, body, after) => {
    const mine = ++newest.current;
    const say = (text) => mine === newest.current && (state.value = text); // of several under way the last one is told of
    say("…");
    try {
      await postJSON(path, body);
      say(after);
      await done();
    } catch (error) {
      say(String(error.message));
    }
  };
  const judge = (label) => act("api/v1/verdicts", {label, defect: defect.id}, "");
  const matchers = [`stream=${JSON.stringify(defect.stream)}`, `kind=${JSON.stringify(defect.kind)}`];
  const judged = said.at(-1)?.label, taken = Boolean(defect.acknowledged), open = isOpen(defect);
  const actions = [
    {key: "a", name: taken ? "Acknowledged" : "Acknowledge", pressed: taken, off: !mayAct.value || !open || taken, act: () => act(`api/v1/defects/${defect.id}/acknowledge`, {note: ""}, "")},
    {key: "m", name: "Mute for 1 h", off: !mayAct.value, act: () => act("api/v1/silences", {matchers, end: Math.round(now.peek() + muteFor), comment: `of defect ${defect.id}`}, "Muted: this kind of this stream")},
    {key: "c", name: "Confirm", off: !mayAct.value, pressed: judged === "confirmed", act: () => judge("confirmed")},
    {key: "f", name: "False alarm", off: !mayAct.value, pressed: judged === "false_alarm", act: () => judge("false_alarm")},
  ];
  useEffect(() => {
    const keys = (e) => {
      const found = actions.find((x) => x.key === e.key && !x.off);
      if (found && !e.ctrlKey && !e.metaKey && !e.altKey && !e.repeat && !e.target.matches("input, textarea, select")) found.act();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });
  return html`<section class="opinions" aria-label="What to do about it">
    <div class="chips">
      ${actions.map((x) => html`<button type="button" class="chip" key=${x.key} disabled=${x.off} aria-pressed=${x.pressed} onClick=${x.act}>${x.name} <kbd>${x.key}</kbd></button>`)}
    </div>
    <p role="status">${state.value}</p>
    ${said.length > 0 && html`<ul>${said.map((v) => html`<li key=${v.time}>${labels[v.label] ?? v.label} by ${v.author}${v.note && `: ${v.note}`}</li>`)}</ul>`}
  </section>`;
}
