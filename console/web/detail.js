// One stream in full, in a dialog over the page.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span, timeOfDay, zoneName} from "./clock.js";
import {DefectList} from "./defect.js";
import {Effective} from "./effective.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {Lamp, lampNames} from "./lamp.js";
import {Maintenance} from "./maintenance.js";
import {Picture} from "./picture.js";
import {endedDefects, openDefects, streamNamed} from "./store.js";
import {Reception} from "./reception.js";
import {StreamPlots} from "./series.js";
import {Sheet} from "./sheet.js";
import {Why} from "./tile.js";
import {choose} from "./view.js";

export function Detail({id}) {
  const health = useSignal(null);
  const entry = streamNamed(id);
  const stream = entry?.data.value;
  useEffect(() => {
    if (stream) getJSON(`api/v1/streams/${encodeURIComponent(id)}`).then((s) => (health.value = s.health), () => {});
  }, [id, stream]);
  const close = () => choose({stream: "", last: "", since: "", until: "", at: ""});
  return html`<${Sheet} id="detail-name" title=${html`<bdi>${id}</bdi>`} before=${entry && html`<${Lamp} lamp=${entry.lamp.value}/>`} onClose=${close}>
    ${entry ? html`<${Body} entry=${entry} health=${health.value}/>` : html`<p class="empty">No stream of this name is monitored.</p>`}
  </${Sheet}>`;
}

function Body({entry, health}) {
  const {id, data, lamp} = entry;
  const own = (d) => d.stream === id;
  return html`
    <${Picture} id=${id} every=${1000}/>
    <dl class="facts">
      <dt>Lamp</dt><dd class=${lamp.value}>${lampNames[lamp.value]} <${Why} entry=${entry} lamp=${lamp.value}/></dd>
      <dt>Source</dt><dd>${data.value.state || "not heard of"}</dd>
      <dt>Last roll-up</dt><dd>${health ? `${timeOfDay(health.time)} ${zoneName(health.time)}, ${span(now.value - health.time)} ago` : "none"}</dd>
      ${data.value.profile && html`<dt>Profile</dt><dd>${data.value.profile}</dd>`}
      ${Object.entries(data.value.labels ?? {}).sort().map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}
    </dl>
    <${Maintenance} id=${id}/>
    <${StreamPlots} id=${id}/>
    <${Reception} id=${id}/>
    ${health?.figures?.length > 0 && html`<${Figures} figures=${health.figures}/>`}
    <${Effective} id=${id} profile=${data.value.profile}/>
    <${DefectList} id="detail-open" heading="Open" stream=${false} defects=${openDefects.value.filter(own)} empty="No open defect."/>
    <${DefectList} id="detail-ended" heading="Recent" stream=${false} limit=${50} defects=${endedDefects.value.filter(own)} empty="No recent defect."/>`;
}

function Figures({figures}) {
  const short = (x) => (Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en") : Number(x.toPrecision(3)).toString());
  return html`<table class="figures">
    <thead><tr><th scope="col">Last 10 s</th><th scope="col">min</th><th scope="col">mean</th><th scope="col">max</th></tr></thead>
    <tbody>${figures.map((f) => html`<tr key=${f.name}><th scope="row">${f.name.replaceAll("_", " ")}</th><td>${short(f.min)}</td><td>${short(f.mean)}</td><td>${short(f.max)}</td></tr>`)}</tbody>
  </table>`;
}
