// The main figures of a stream over time, one plot below the other, with one cursor. What is shown stands in the address.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, timeOfDay, zoneName} from "./clock.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {Plot} from "./plot.js";
import {begin, endedDefects, openDefects} from "./store.js";
import {choose, view} from "./view.js";

const second = 1e6, minute = 60 * second, hour = 60 * minute;

/** Stretches that end now, by their names in the address. */
const lately = {"5m": {name: "5 min", length: 5 * minute}, "1h": {name: "1 h", length: hour}, "24h": {name: "24 h", length: 24 * hour}};

/** How often a stretch that ends now is asked for again: milliseconds. */
const again = 10_000;

/** shortest is what one may zoom in to: microseconds. */
const shortest = second;

export function StreamPlots({id}) {
  const {since, until, last} = view.value;
  const fixed = since !== "" && until !== "";
  const answer = useSignal({series: null, error: ""});
  useEffect(() => {
    let timer, ended = false;
    const load = async () => {
      const end = fixed ? Number(until) : Math.floor(now.peek());
      const start = fixed ? Number(since) : end - (lately[last] ?? lately["5m"]).length;
      try {
        const got = await getJSON(`api/v1/streams/${encodeURIComponent(id)}/series?from=${start}&to=${end}`);
        if (!ended) answer.value = {...got, error: ""};
      } catch (error) {
        if (!ended) answer.value = {...answer.peek(), error: String(error.message)};
      }
      if (!ended && !fixed) timer = setTimeout(load, again);
    };
    load();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [id, since, until, last]);
  const zoom = (a, b) => {
    const middle = (a + b) / 2, half = Math.max(b - a, shortest) / 2;
    choose({since: String(Math.round(middle - half)), until: String(Math.round(middle + half))});
  };
  const pick = (instant) => {
    choose({at: String(Math.round(instant))});
    document.getElementById("instant")?.scrollIntoView({block: "start", behavior: "smooth"});
  };
  const {series, error} = answer.value;
  const spans = [...openDefects.value, ...endedDefects.value].filter((d) => d.stream === id && d.state !== "retracted")
    .map((d) => ({from: begin(d), to: d.state === "closed" ? d.end : now.peek()}));
  return html`<section class="plots" aria-labelledby="figures-heading">
    <h2 id="figures-heading">Figures</h2>
    <div class="chips" role="group" aria-label="Stretch of time">
      ${Object.entries(lately).map(([key, {name}]) => html`<button type="button" class="chip" key=${key} aria-pressed=${!fixed && (last || "5m") === key}
        onClick=${() => choose({since: "", until: "", last: key === "5m" ? "" : key})}>${name}</button>`)}
      ${fixed && html`<span class="stretch">${timeOfDay(Number(since))} – ${timeOfDay(Number(until))} ${zoneName(Number(until))}</span>`}
    </div>
    ${error && html`<p class="empty" role="status">The figures cannot be had: ${error}</p>`}
    ${series === null ? !error && html`<p class="empty">Reading the log …</p>`
      : series.length === 0 ? html`<p class="empty">Nothing was measured in this stretch.</p>`
      : series.map((s) => html`<${Plot} key=${s.name} series=${s} from=${answer.value.from} to=${answer.value.to} sync="figures" spans=${spans} marked=${Number(view.value.at)} onZoom=${zoom} onPick=${pick}/>`)}
    <p class="hint">Draw over a plot to look closer, click to see the records of that instant. Shaded: defects.</p>
  </section>`;
}
