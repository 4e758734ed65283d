// One defect in full, in a dialog over the page: when what happened, what it looked like, what it was made of, and what people say of it.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {exactSpan, timeOfDay, zoneName} from "./clock.js";
import {DefectRow, ending, Lasting, title} from "./defect.js";
import {getJSON, postJSON} from "./feed.js";
import {html} from "./html.js";
import {Plot} from "./plot.js";
import {begin, defectNamed, endedDefects, isOpen, openDefects} from "./store.js";
import {address, choose} from "./view.js";

/** Defects of other streams that began so close to one are its neighbours: microseconds. */
const near = 5e6;

/** Formats that browsers play. */
const playable = ["video/mp4", "video/webm"];

export function DefectPage({id}) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const close = () => choose({defect: ""});
  const defect = defectNamed(id);
  return html`<dialog ref=${dialog} class="detail wide" aria-labelledby="defect-name" onClose=${close} onClick=${(e) => e.target === dialog.current && dialog.current.close()}>
    <div class="sheet">
      <header>
        <h2 id="defect-name">${defect ? title(defect) : "Defect"}</h2>
        ${defect && html`<span class="severity ${defect.severity}">${defect.severity}</span>`}
        <button type="button" onClick=${() => dialog.current.close()} aria-label="Close">✕</button>
      </header>
      ${defect ? html`<${Body} defect=${defect}/>` : html`<p class="empty">No defect of this id is among the open ones and the last 500 that ended.</p>`}
    </div>
  </dialog>`;
}

function Body({defect}) {
  const onset = begin(defect);
  const neighbours = [...openDefects.value, ...endedDefects.value].filter((d) => d.stream !== defect.stream && d.state !== "retracted" && Math.abs(begin(d) - onset) <= near);
  return html`
    <p class="lead">${defect.summary}</p>
    <dl class="facts">
      <dt>Stream</dt><dd><a href=${address({defect: "", stream: defect.stream})}><bdi>${defect.stream}</bdi></a></dd>
      <dt>Began</dt><dd><${Moment} at=${onset}/></dd>
      <dt>Last told of</dt><dd><${Moment} at=${defect.detected}/></dd>
      ${!isOpen(defect) && html`<dt>Ended</dt><dd><${Moment} at=${defect.end}/>, ${ending(defect)}</dd>`}
      <dt>${isOpen(defect) ? "Lasting" : "Lasted"}</dt><dd><${Lasting} defect=${defect}/></dd>
      ${defect.profile && html`<dt>Profile</dt><dd>${defect.profile}</dd>`}
      ${(defect.labels ?? []).map(({name, value}) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}
    </dl>
    <${Opinions} key=${defect.id} defect=${defect}/>
    <${Evidence} evidence=${defect.evidence}/>
    <${Trace} defect=${defect}/>
    ${neighbours.length > 0 && html`<section class="defects" aria-labelledby="neighbours"><h2 id="neighbours">At the same moment <span class="count">${neighbours.length}</span></h2>
      <ol>${neighbours.slice(0, 20).map((d) => html`<${DefectRow} key=${d.id} defect=${d}/>`)}</ol></section>`}`;
}

function Moment({at}) {
  return html`<time datetime=${new Date(at / 1000).toISOString()}>${timeOfDay(at)}</time> ${zoneName(at)}`;
}

function Evidence({evidence}) {
  if (!evidence) return null;
  const clip = evidence.clip?.slice(1), filmstrip = evidence.filmstrip?.slice(1);
  return html`<section class="evidence" aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
    ${filmstrip && html`<a href=${filmstrip} target="_blank"><img src=${filmstrip} alt="Pictures before, during and after" loading="lazy"/></a>`}
    ${clip && playable.includes(evidence.content_type) && html`<video src=${clip} controls preload="none"></video>`}
    ${clip && html`<p><a href=${clip} download>Clip</a>, ${exactSpan(evidence.end - evidence.start)}</p>`}
  </section>`;
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

/** Opinions shows what people have said of a defect, and takes the viewer's own. */
function Opinions({defect}) {
  const said = useSignal([]), state = useSignal("");
  const load = async () => {
    const onset = begin(defect);
    const answer = await getJSON(`api/v1/verdicts?stream=${encodeURIComponent(defect.stream)}&kind=${defect.kind}&from=${onset - 60e6}&to=${onset + 60e6}`);
    said.value = answer.verdicts.filter((v) => v.defect === defect.id);
  };
  useEffect(() => void load().catch((e) => (state.value = String(e.message))), [defect.id]);
  const say = async (label) => {
    state.value = "…";
    try {
      await postJSON("api/v1/verdicts", {label, defect: defect.id});
      await load();
      state.value = "";
    } catch (error) {
      state.value = String(error.message);
    }
  };
  useEffect(() => {
    const keys = (e) => {
      const label = {c: "confirmed", f: "false_alarm"}[e.key];
      if (label && !e.ctrlKey && !e.metaKey && !e.altKey) say(label);
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [defect.id]);
  const current = said.value.at(-1)?.label;
  return html`<section class="opinions" aria-labelledby="opinions"><h2 id="opinions">Was it right?</h2>
    <div class="chips">
      ${["confirmed", "false_alarm"].map((label) => html`<button type="button" class="chip" key=${label} aria-pressed=${current === label} onClick=${() => say(label)}>
        ${{confirmed: "Confirm", false_alarm: "False alarm"}[label]} <kbd>${label[0]}</kbd></button>`)}
      <span role="status">${state.value}</span>
    </div>
    ${said.value.length > 0 && html`<ul>${said.value.map((v) => html`<li key=${v.time}>${labels[v.label] ?? v.label} by ${v.author}${v.note && `: ${v.note}`}</li>`)}</ul>`}
  </section>`;
}
