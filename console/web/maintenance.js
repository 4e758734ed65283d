// Maintenance of one stream: what mutes it now, and a silence of all of it for a while.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span, timeOfDay, zoneName} from "./clock.js";
import {getJSON, postJSON} from "./feed.js";
import {html} from "./html.js";
import {mayAct} from "./me.js";
import {stylesheet} from "./stylesheet.js";
import {address} from "./view.js";

const hour = 3600e6;

/** How often it is asked for: milliseconds. */
const again = 10_000;

const lengths = {"30 min": hour / 2, "1 h": hour, "4 h": 4 * hour, "1 d": 24 * hour};

export function Maintenance({id}) {
  const silences = useSignal([]), said = useSignal(""), problem = useSignal(""), why = useSignal("");
  useEffect(() => {
    const load = () => getJSON(`api/v1/silences?stream=${encodeURIComponent(id)}`).then((a) => {
      silences.value = a.silences;
      problem.value = "";
    }, (e) => (problem.value = `Whether it is muted is not known: ${e.message}`));
    load();
    const timer = setInterval(load, again);
    return () => clearInterval(timer);
  }, [id]);
  useEffect(() => void stylesheet("silences.css"), []);
  const matcher = `stream=${JSON.stringify(id)}`;
  const mute = async (micros) => {
    try {
      const s = await postJSON("api/v1/silences", {matchers: [matcher], end: Math.round(now.peek() + micros), comment: why.peek() || "maintenance"});
      said.value = `Muted until ${timeOfDay(s.end)} ${zoneName(s.end)}.`;
      silences.value = [...silences.peek().filter((x) => x.id !== s.id), s];
    } catch (error) {
      said.value = String(error.message);
    }
  };
  const shown = silences.value.filter((s) => s.end > now.value);
  return html`<section class="maintenance" aria-labelledby="maintenance"><h2 id="maintenance">Maintenance</h2>
    ${problem.value && html`<p class="pending" role="status">${problem.value}</p>`}
    ${shown.map((s) => html`<p key=${s.id}>${s.start - now.value > 1e6 ? `Muted in ${span(s.start - now.value)}` : "Muted"} until ${timeOfDay(s.end)} ${zoneName(s.end)} by <bdi>${s.by}</bdi>: ${s.comment}
      ${(s.matchers.length !== 1 || s.matchers[0] !== matcher) && html` <code>${s.matchers.join(" ")}</code>`}</p>`)}
    ${mayAct.value && html`<div class="chips">
      <input type="text" aria-label="Why" placeholder="Why (maintenance)" maxlength="1000" value=${why.value} onInput=${(e) => (why.value = e.target.value)}/>
      ${Object.entries(lengths).map(([name, micros]) => html`<button type="button" class="chip" key=${name} onClick=${() => mute(micros)}>Mute for ${name}</button>`)}
      <a class="chip" href=${address({page: "silences", stream: "", silence: matcher})}>Until …</a>
    </div>`}
    <p role="status">${said.value}</p>
  </section>`;
}
