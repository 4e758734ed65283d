// How a stream comes in: what it is made of, the health of its transport and playlist over the last minute, and the records of one instant in full.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span, timeOfDay, zoneName} from "./clock.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {Record} from "./record.js";
import {choose, view} from "./view.js";

/** How often it is asked for while nothing is looked at: milliseconds. Figures that are older than oldAfter, microseconds, are not those of now. */
const again = 10_000, oldAfter = 20e6;

export function Reception({id}) {
  const {at} = view.value;
  const answer = useSignal({told: null, error: ""});
  useEffect(() => {
    let timer, ended = false;
    const load = async () => {
      try {
        const told = await getJSON(`api/v1/streams/${encodeURIComponent(id)}/records${at ? `?at=${at}` : ""}`);
        if (!ended) answer.value = {told, error: ""};
      } catch (error) {
        if (!ended) answer.value = {...answer.peek(), error: String(error.message)};
      }
      if (!ended && !at) timer = setTimeout(load, again);
    };
    load();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [id, at]);
  const {told, error} = answer.value;
  if (!told) return html`<p class="empty" role="status">${error ? `Its records cannot be had: ${error}` : "Reading the log …"}</p>`;
  const of = (name) => told.records.find((r) => r.record === name)?.value;
  const figures = new Map(told.figures.map((f) => [f.name, f]));
  const when = at ? `, the minute before ${timeOfDay(told.at)} ${zoneName(told.at)}`
    : told.at > 0 && (error || now.value - told.at > oldAfter) ? `, up to ${timeOfDay(told.at)} ${zoneName(told.at)}` : "";
  return html`
    ${error && html`<p class="empty" role="status">Its records cannot be had: ${error}</p>`}
    ${of("Inventory") ? html`<${Inventory} of=${of("Inventory")} epoch=${of("StreamSecond")?.epoch}/>` : html`<p class="empty">What it is made of is not known: no Inventory has come in the last minute.</p>`}
    ${sections.map(({title, group, rows}) => [...figures.keys()].some((n) => n.startsWith(group)) && html`<${Table} key=${title} title=${title} when=${when} rows=${rows} figures=${figures} seconds=${told.seconds}/>`)}
    <${Records} told=${told} at=${at}/>`;
}

const count = (x) => x.toLocaleString("en", {maximumFractionDigits: 0});
const ms = (x) => (Math.abs(x) >= 10_000 ? `${(x / 1000).toFixed(1)} s` : `${count(x)} ms`);
const bits = (x) => (x >= 1e6 ? `${(x / 1e6).toFixed(2)} Mbit/s` : `${count(x / 1e3)} kbit/s`);
const micro = (x) => ms(x / 1000);

/** Errors are counted over the minute; of what is measured the least and the largest count. */
const errors = (name, of, further = {}) => ({name, of, errors: true, ...further});
const measured = (name, of, write = count) => ({name, of, write});

const sections = [
  {title: "Transport stream", group: "transport.", rows: [
    errors("1.1 Synchrony lost", "transport.sync_losses"), errors("1.2 Sync byte", "transport.sync_byte_errors"), errors("1.3.a PAT", "transport.pat_errors"),
    errors("1.4 Continuity", "transport.continuity_errors", {classes: true}), errors("1.5.a PMT", "transport.pmt_errors"), errors("1.6 PID missing", "transport.pid_missing"),
    errors("2.1 Transport error indicator", "transport.transport_errors"), errors("2.2 CRC", "transport.crc_errors"), errors("2.3.a PCR repetition", "transport.pcr_errors"),
    errors("2.3.b PCR discontinuity", "transport.pcr_discontinuities"), errors("2.5 PTS", "transport.pts_errors"), errors("2.6 CAT", "transport.cat_errors"),
    measured("Bit rate by PCR", "transport.bit_rate", bits), measured("Packets", "transport.packets"), measured("Null packets", "transport.null_packets"), measured("Scrambled packets", "transport.scrambled"),
    measured("PCR interval", "transport.pcr_gap_max", ms), measured("PAT interval", "transport.pat_interval_max", ms), measured("PMT interval", "transport.pmt_interval_max", ms), measured("PTS interval", "transport.pts_gap_max", ms),
  ]},
  {title: "Datagrams", group: "datagrams.", rows: [
    measured("Received", "datagrams.received"), errors("RTP lost", "datagrams.rtp.lost"), errors("RTP late", "datagrams.rtp.late"), measured("RTP put in order again", "datagrams.rtp.reordered"),
    measured("RTP duplicates", "datagrams.rtp.duplicates"), errors("RTP restarts", "datagrams.rtp.restarts"), measured("Of others", "datagrams.rtp.ignored"), errors("Not whole packets", "datagrams.unaligned"),
    errors("Dropped by this machine", "datagrams.dropped"),
  ]},
  {title: "Playlist", group: "playlist.", rows: [
    measured("Age", "playlist.age_ms", ms), measured("Target duration", "playlist.target_ms", ms), measured("Media sequence", "playlist.media_sequence"), measured("Discontinuity sequence", "playlist.discontinuity_sequence"),
    measured("Segments listed", "playlist.length"), measured("Segments fetched", "playlist.segments"), errors("Segments not to be had", "playlist.segment_errors"), errors("Segments missed", "playlist.segments_missed"),
    errors("Segments late", "playlist.segments_late"), measured("Last HTTP status", "playlist.segment_status", String), measured("Time to fetch", "playlist.segment_latency_ms", ms), measured("Throughput", "playlist.throughput", bits),
    measured("Declared bandwidth", "playlist.bandwidth", bits), measured("Longer than declared by", "playlist.duration_error_ms", ms), measured("Variants", "playlist.variants"), measured("Variants that answer", "playlist.variants_present"),
    measured("Age of the sound's", "playlist.sound_age_ms", ms), errors("Sound's not to be had", "playlist.sound_errors"), measured("Date-time drift", "playlist.pdt_drift_ms", ms), measured("Server's clock ahead by", "playlist.clock_skew_ms", ms),
  ]},
  {title: "Reception", group: "frames_decoded", rows: [
    measured("Received", "bytes", (x) => bits(x * 8)), measured("Pictures decoded", "frames_decoded", (x) => `${count(x)} /s`), measured("Pictures measured", "frames_analysed", (x) => `${count(x)} /s`),
    errors("Pictures passed over by us", "frames_passed"), errors("Records lost by us", "dropped"), measured("Reconnections", "reconnects"), measured("Restarts of the worker", "restarts"),
    measured("PTS jitter, mean", "timing.pts_jitter_mean", micro), measured("PTS jitter, largest", "timing.pts_jitter_max", micro), measured("Sound before picture", "timing.skew_max", micro), measured("Splice cues", "splice.count"),
    measured("CEA-608 bytes", "cues.cea608"), measured("CEA-708 bytes", "cues.cea708"),
  ]},
];

/** Table is one section: what was counted and measured, and what of it is not known. */
function Table({title, when, rows, figures, seconds}) {
  const id = `reception-${title.toLowerCase().replaceAll(" ", "-")}`;
  const shown = rows.map((r) => ({...r, f: summed(r, figures)})).filter((r) => r.f || r.errors);
  return html`<section aria-labelledby=${id}><h2 id=${id}>${title}</h2>
    <table class="figures reception">
      <thead><tr><th scope="col">${when ? "The" : "Last"} ${seconds === 1 ? "second" : `${seconds} s`}${when}</th><th scope="col">in all</th><th scope="col">last second</th></tr></thead>
      <tbody>${shown.map((r) => html`<tr key=${r.name}><th scope="row">${r.name}</th>
        ${!r.f ? html`<td class="unknown" colspan="2">not known</td>`
          : r.errors ? html`<td class=${r.f.sum > 0 ? "pending" : ""}>${r.f.sum > 0 ? `▲ ${count(r.f.sum)}` : "0"}${r.classes && r.f.sum > 0 && html` <small>${r.f.parts}</small>`}</td><td>${r.f.last === null ? "–" : count(r.f.last)}</td>`
          : html`<td>${r.f.min === r.f.max ? r.write(r.f.min) : `${r.write(r.f.min)} … ${r.write(r.f.max)}`}</td><td>${r.f.last === null ? "–" : r.write(r.f.last)}</td>`}
      </tr>`)}</tbody>
    </table></section>`;
}

/** summed is a row's figure; of what is counted by classes all together, 0 where none has errors. */
function summed({of, classes}, figures) {
  if (!classes) return figures.get(of);
  const parts = [...figures].filter(([n]) => n.startsWith(`${of}.`)).map(([n, f]) => ({...f, name: n.slice(of.length + 1)}));
  if (!figures.has("transport.packets")) return undefined;
  const all = (key) => parts.reduce((sum, p) => sum + (p[key] ?? 0), 0);
  return {sum: all("sum"), last: all("last"), parts: parts.map((p) => `${p.name} ${count(p.sum)}`).join(", ")};
}

/** Inventory is what the stream is made of. */
function Inventory({of, epoch}) {
  const captions = (of.programmes ?? []).flatMap((p) => p.streams.flatMap((s) => s.captions.map((c) => ({...c, pid: s.pid}))));
  return html`<section aria-labelledby="inventory"><h2 id="inventory">Made of</h2>
    <div class="wide" tabindex="0" role="group" aria-labelledby="inventory"><table class="figures reception tracks">
      <thead><tr><th scope="col">Track</th><th scope="col">Codec</th><th scope="col">Format</th><th scope="col">Language</th><th scope="col">PID</th></tr></thead>
      <tbody>${of.tracks.map((t) => html`<tr key=${t.index}><th scope="row">${t.index} ${t.kind}</th><td>${t.codec}${t.profile && ` ${t.profile}`}</td><td>${formatOf(t)}</td><td>${t.language || "–"}</td><td>${t.id || "–"}</td></tr>`)}</tbody>
    </table></div>
    <dl class="facts">
      <dt>Container</dt><dd>${of.container}</dd>
      <dt>Changes</dt><dd>${of.version === 0 || of.version === 1 ? "none in this session" : `version ${of.version} in this session`}${epoch > 0 && `, ${epoch} ${epoch === 1 ? "break" : "breaks"} of the timeline`}</dd>
      ${(of.programmes ?? []).map((p) => html`<dt key=${p.number}>Programme ${p.number}</dt><dd>PMT ${p.pmt_pid}, PCR ${p.pcr_pid === 8191 ? "none" : p.pcr_pid === -1 ? "not known" : p.pcr_pid}, ${p.streams.length} streams${p.ca_systems.length > 0 && `, scrambled for ${p.ca_systems.map((c) => `0x${c.toString(16)}`).join(", ")}`}</dd>`)}
      <dt>Captions</dt><dd>${captions.length === 0 ? "none declared" : captions.map((c) => `${c.kind} ${c.number}${c.language && ` ${c.language}`} on PID ${c.pid}`).join(", ")}</dd>
    </dl></section>`;
}

function formatOf({video: v, audio: a, bit_rate: rate}) {
  const parts = [];
  if (v) {
    const fps = v.frame_rate_den > 0 ? v.frame_rate_num / v.frame_rate_den : 0;
    parts.push(`${v.width}×${v.height}`, fps > 0 && `${Number(fps.toFixed(3))}/s`, v.sar_num !== v.sar_den && v.sar_den > 0 && `pixels ${v.sar_num}:${v.sar_den}`, `${v.depth} bit`, v.range, v.primaries !== "unknown" && v.primaries, v.transfer !== "unknown" && v.transfer !== v.primaries && v.transfer);
  }
  if (a) parts.push(`${a.sample_rate / 1000} kHz`, a.layout || `${a.channels} channels`, a.dialnorm !== null && `dialnorm ${a.dialnorm}`);
  if (rate > 0) parts.push(bits(rate));
  return parts.filter(Boolean).join(" ") || "–";
}

/** Records are those of one instant: chosen in a plot, or by steps from picture to picture. */
function Records({told, at}) {
  const look = (instant) => choose({at: instant ? String(instant) : ""});
  const names = {VideoFrame: "Picture", AudioBlock: "Sound", StreamSecond: "Second", Inventory: "Inventory", Setting: "Setting"};
  const opened = (r) => at && (r.record === "VideoFrame" || (r.record === "AudioBlock" && !told.records.some((x) => x.record === "VideoFrame")));
  return html`<section class="instant" aria-labelledby="instant"><h2 id="instant">Records of an instant</h2>
    <div class="chips" role="group" aria-label="Instant">
      <button type="button" class="chip" disabled=${told.previous === null} onClick=${() => look(told.previous)}>← Picture before</button>
      <button type="button" class="chip" disabled=${told.next === null} onClick=${() => look(told.next)}>Picture after →</button>
      ${at ? html`<button type="button" class="chip" onClick=${() => look("")}>Latest</button>` : html`<button type="button" class="chip" disabled=${told.at === 0} onClick=${() => look(told.at)}>Hold this one</button>`}
    </div>
    <p class="hint" role="status">${told.at === 0 ? "Nothing is on the log of this instant." : html`${at ? "" : "The latest, of "}<time>${timeOfDay(told.at)}.${String(Math.floor(told.at / 1000) % 1000).padStart(3, "0")} ${zoneName(told.at)}</time>${at ? `, ${span(now.value - told.at)} ago` : ""}. A click in a plot chooses another.`}</p>
    <div class="tapped">${told.records.map((r) => html`<details key=${`${r.record} ${r.value?.track ?? ""}`} open=${Boolean(opened(r))}>
      <summary class="short"><b>${names[r.record] ?? r.record}${r.record === "AudioBlock" ? `, track ${r.value.track}` : ""}</b><span class="size">${r.bytes} B</span></summary>
      <div class="inside"><${Record} record=${r}/></div></details>`)}</div>
  </section>`;
}
