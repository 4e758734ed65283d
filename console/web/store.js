// What the page knows: streams and defects as the API gave them, and what follows from them and the time.
import {computed, signal} from "./vendor/signals.js";
import {now} from "./clock.js";

/** How long a stream that is well again stays among those that need attention, so that a short fault is seen: microseconds. */
const recoveredFor = 60e6;

/** How many ended defects are kept, as on the server. */
const recentLimit = 500;

export const lamps = ["firing", "pending", "stale", "unknown", "ok"];

/** streams by id. Each has its own signals, so that a change draws one tile again and no other. */
const streams = signal(new Map());
const defects = signal(new Map());

function entry(stream) {
  const data = signal(stream);
  return {id: stream.id, data, lamp: computed(() => lampAt(data.value, now.value))};
}

/** lampAt is the lamp at that instant: one that was not renewed in time is stale, whatever it showed. */
function lampAt(stream, instant) {
  return stream.fresh_until !== 0 && instant > stream.fresh_until ? "stale" : stream.lamp;
}

/** replaceAll takes the lists of the API in place of all that was known. */
export function replaceAll(streamList, defectList) {
  const known = streams.peek();
  streams.value = new Map(streamList.map((s) => {
    const e = known.get(s.id) ?? entry(s);
    e.data.value = s;
    return [s.id, e];
  }));
  defects.value = new Map(defectList.map((d) => [d.id, d]));
}

/** apply takes one event of the API. */
export const apply = {
  stream(s) {
    const e = streams.peek().get(s.id);
    if (e) e.data.value = s;
    else streams.value = new Map(streams.peek()).set(s.id, entry(s));
  },
  removed({id}) {
    const rest = new Map(streams.peek());
    rest.delete(id);
    streams.value = rest;
  },
  defect(d) {
    const all = new Map(defects.peek()).set(d.id, d);
    const ended = [...all.values()].filter((x) => !isOpen(x)).sort(byEnd);
    for (const old of ended.slice(recentLimit)) all.delete(old.id);
    defects.value = all;
  },
};

export const isOpen = (d) => d.state === "opened" || d.state === "updated";

/** begin is the best known start of a defect. */
export const begin = (d) => d.onset_refined ?? d.onset;

const severities = ["critical", "warning", "info"];
const byEnd = (a, b) => b.end - a.end;
const bySeverity = (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || begin(a) - begin(b);
const byName = new Intl.Collator(undefined, {numeric: true}).compare;

export const openDefects = computed(() => [...defects.value.values()].filter(isOpen).sort(bySeverity));
export const endedDefects = computed(() => [...defects.value.values()].filter((d) => !isOpen(d)).sort(byEnd));

/** openByStream is each stream's open defects, the worst first. */
export const openByStream = computed(() => Map.groupBy(openDefects.value, (d) => d.stream));

/** recovered is the last ended defect of each stream that is among those that need attention for it. */
const recovered = computed(() => {
  const since = now.value - recoveredFor;
  const late = endedDefects.value.filter((d) => d.state === "closed" && Math.max(d.end, d.detected) > since);
  return new Map(late.reverse().map((d) => [d.stream, d]));
});

/** recoveredFrom is the defect that the stream has just had, if it has. */
export const recoveredFrom = (id) => recovered.value.get(id);

export const counts = computed(() => {
  const n = Object.fromEntries(lamps.map((l) => [l, 0]));
  for (const e of streams.value.values()) n[e.lamp.value]++;
  return n;
});

export const total = computed(() => streams.value.size);

/** ranked is all streams, the worst first; those that have just recovered stand before those that are well. */
export const ranked = computed(() => {
  const all = [...streams.value.values()];
  const rank = new Map(all.map((e) => [e, lamps.indexOf(e.lamp.value) - (e.lamp.value === "ok" && recovered.value.has(e.id) ? 0.5 : 0)]));
  const worst = (e) => openByStream.value.get(e.id)?.[0];
  return all.sort((a, b) => {
    const order = rank.get(a) - rank.get(b);
    if (order !== 0) return order;
    const [x, y] = [worst(a), worst(b)];
    return (x && y ? bySeverity(x, y) : 0) || byName(a.id, b.id);
  });
});

export const needsAttention = (e) => e.lamp.value !== "ok" || recovered.value.has(e.id);

export const defectNamed = (id) => defects.value.get(id);

export const streamNamed = (id) => streams.value.get(id);
