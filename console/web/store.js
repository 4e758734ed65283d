// What the page knows: streams and defects as the API gave them, and what follows from them and the time.
import {batch, computed, effect, signal} from "./vendor/signals.js";
import {now} from "./clock.js";

/** How long a stream that is well again stays among those that need attention, so that a short fault is seen: microseconds. */
const recoveredFor = 60e6;

/** How many ended defects are kept, as on the server. */
const recentLimit = 500;

export const lamps = ["firing", "pending", "stale", "unknown", "ok"];

/** streams by id. Each has its own signals, so that a change draws one tile again and no other. */
const streams = signal(new Map());
const defects = signal(new Map());

/** turned counts the changes of what streams are ordered, counted and chosen by: their lamps, defects and labels, not each roll-up. */
export const turned = signal(0);

/** nextStreams and nextDefects are the maps being changed, until they are shown; null: they are not. */
let nextStreams = null, nextDefects = null;

/** none is the open defects of a stream that has none. */
const none = [];

/** unlabelled is the labels of a stream that has none. */
const unlabelled = {};

/**
 * entry is a stream: data as the API has it, its labels, its lamp at this instant, its open defects, the worst first, and the defect that it has
 * just recovered from, if it has.
 */
function entry(stream) {
  const {id, labels} = stream;
  return {id, data: signal(stream), labels: signal(labels ?? unlabelled), lamp: signal(lampAt(stream, now.peek())), open: signal(none), back: signal(null)};
}

/** lampAt is the lamp at that instant: one that was not renewed in time is stale, whatever it showed. */
function lampAt(stream, instant) {
  return stream.fresh_until !== 0 && instant > stream.fresh_until ? "stale" : stream.lamp;
}

/** turn gives one of a stream's signals its value; what is ordered by it follows. */
function turn(signal, value) {
  if (signal.peek() === value) return;
  signal.value = value;
  turned.value = turned.peek() + 1;
}

function take(e, stream) {
  e.data.value = stream;
  const labels = stream.labels ?? unlabelled;
  if (!sameLabels(labels, e.labels.peek())) turn(e.labels, labels);
  turn(e.lamp, lampAt(stream, now.peek()));
}

function sameLabels(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** replaceAll takes the lists of the API in place of all that was known. */
export function replaceAll(streamList, defectList) {
  const had = streams.peek();
  batch(() => {
    nextStreams = new Map(streamList.map((s) => {
      const e = had.get(s.id) ?? entry(s);
      take(e, s);
      return [s.id, e];
    }));
    nextDefects = new Map(defectList.map((d) => [d.id, d]));
    loaded.value = true;
    show();
  });
}

/** apply takes one event of the API; what it changes is seen with the others that come with it. */
export const apply = {
  stream(s) {
    const e = (nextStreams ?? streams.peek()).get(s.id);
    if (e) take(e, s);
    else (nextStreams ??= new Map(streams.peek())).set(s.id, entry(s));
  },
  removed({id}) {
    (nextStreams ??= new Map(streams.peek())).delete(id);
  },
  defect(d) {
    (nextDefects ??= new Map(defects.peek())).set(d.id, d);
  },
};

/** applyAll takes events, {kind, value}, in their order. */
export function applyAll(changes) {
  batch(() => {
    for (const {kind, value} of changes) apply[kind](value);
    show();
  });
}

/** show has what was changed seen. */
function show() {
  if (nextStreams) {
    streams.value = nextStreams;
    turned.value = turned.peek() + 1;
  }
  if (nextDefects) defects.value = bounded(nextDefects);
  nextStreams = nextDefects = null;
}

function bounded(all) {
  if (all.size <= recentLimit) return all;
  for (const old of [...all.values()].filter((d) => !isOpen(d)).sort(byEnd).slice(recentLimit)) all.delete(old.id);
  return all;
}

export const isOpen = (d) => d.state === "opened" || d.state === "updated";

/** begin is the best known start of a defect. */
export const begin = (d) => d.onset_refined ?? d.onset;

const severities = ["critical", "warning", "info"];
const byEnd = (a, b) => b.end - a.end;
const bySeverity = (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || begin(a) - begin(b);

/** byName orders texts as people do: sport-2 before sport-10. */
export const byName = new Intl.Collator(undefined, {numeric: true}).compare;

export const openDefects = computed(() => [...defects.value.values()].filter(isOpen).sort(bySeverity));
export const endedDefects = computed(() => [...defects.value.values()].filter((d) => !isOpen(d)).sort(byEnd));

// Lamps go stale by themselves.
effect(() => {
  const instant = now.value;
  batch(() => streams.value.forEach((e) => turn(e.lamp, lampAt(e.data.peek(), instant))));
});

// Each stream has its open defects.
effect(() => {
  const byStream = Map.groupBy(openDefects.value.filter((d) => !d.dry_run), (d) => d.stream);
  const same = (a, b) => a.length === b.length && a.every((d, i) => d === b[i]);
  batch(() => streams.value.forEach((e) => {
    const open = byStream.get(e.id) ?? none;
    if (!same(open, e.open.peek())) turn(e.open, open);
  }));
});

// Each stream has the last defect that it has recovered from, for a while.
effect(() => {
  const since = now.value - recoveredFor;
  const late = endedDefects.value.filter((d) => d.state === "closed" && !d.dry_run && Math.max(d.end, d.detected) > since);
  const last = new Map(late.reverse().map((d) => [d.stream, d]));
  batch(() => streams.value.forEach((e) => turn(e.back, last.get(e.id) ?? null)));
});

/** named is all streams in the order of their names. */
export const named = computed(() => [...streams.value.values()].sort((a, b) => byName(a.id, b.id)));

/** countLamps is how many of some streams show each lamp, and follows them. */
export function countLamps(entries) {
  turned.value;
  const n = Object.fromEntries(lamps.map((l) => [l, 0]));
  for (const e of entries) n[e.lamp.peek()]++;
  return n;
}

export const counts = computed(() => countLamps(named.value));

export const total = computed(() => streams.value.size);

/** loaded says that the lists have been loaded once: until then that there is nothing means nothing. */
export const loaded = signal(false);

/** needsAttention tells whether a stream is not well or has just recovered. */
export const needsAttention = (e) => e.lamp.peek() !== "ok" || e.back.peek() !== null;

/** byAttention orders streams, the worst first; those that have just recovered stand before those that are well. */
function byAttention(a, b) {
  const order = lamps.indexOf(a.lamp.peek()) - lamps.indexOf(b.lamp.peek());
  if (order !== 0) return order;
  const [x] = a.open.peek(), [y] = b.open.peek();
  return x && y ? bySeverity(x, y) : 0;
}

/** ranked is all streams, the worst first, those that are alike by name. */
export const ranked = computed(() => {
  turned.value;
  const bad = named.value.filter(needsAttention);
  return [...bad.sort(byAttention), ...named.value.filter((e) => !needsAttention(e))];
});

export const defectNamed = (id) => defects.value.get(id);

export const streamNamed = (id) => streams.value.get(id);
