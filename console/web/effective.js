// Which rules decide about a stream: its profile, why it is that one, and what it has otherwise than documented.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {shown} from "./profile.js";
import {turnTo} from "./view.js";

export function Effective({id, profile}) {
  const told = useSignal({rules: null, error: ""});
  useEffect(() => {
    getJSON(`api/v1/streams/${encodeURIComponent(id)}/rules`).then((rules) => (told.value = {rules, error: ""}), (e) => (told.value = {rules: null, error: String(e.message)}));
  }, [id, profile]);
  const {rules, error} = told.value;
  if (error) return html`<p class="empty" role="status">Its rules cannot be had: ${error}</p>`;
  if (!rules) return null;
  const only = /^[^\s,*?]+$/.test(id) ? id : ""; // what is tried there is tried on this stream
  const page = (rule) => `${turnTo("rules")}&${new URLSearchParams({...(rules.profile !== "default" && {profile: rules.profile}), ...(rule && {rule}), ...(only && {only})})}`;
  return html`<section aria-labelledby="effective-heading">
    <h2 id="effective-heading">Rules</h2>
    <p>The profile <a class="title" href=${page("")}><b><bdi>${rules.profile}</bdi></b></a>: ${rules.because}.${rules.also_fit.length > 0 && ` ${rules.also_fit.join(", ")} would fit as well.`}</p>
    ${rules.conflict && html`<p class="firing" role="alert">${rules.conflict}</p>`}
    ${rules.differs.length === 0 ? html`<p class="empty">All rules are as documented.</p>` : html`<table class="figures">
      <thead><tr><th scope="col">Not as documented</th><th scope="col">value</th><th scope="col">default</th></tr></thead>
      <tbody>${rules.differs.map((d) => html`<tr key=${`${d.kind} ${d.name}`}><th scope="row"><a class="title" href=${page(d.kind)}>${d.kind.replaceAll("_", " ")}: ${d.name.replaceAll("_", " ")}</a></th><td>${shown(d.value)}</td><td>${shown(d.default)}</td></tr>`)}</tbody>
    </table>`}
  </section>`;
}
