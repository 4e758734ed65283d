// Labels of streams: which there are, which are asked for, and groups by one of them.
import {computed} from "./vendor/signals.js";
import {byName, named, turned} from "./store.js";
import {pairs, view} from "./view.js";

/** valuesMost is how many values of one label are offered: of a label that tells streams apart there are as many as streams, which one searches. */
const valuesMost = 100;

/** labels are the names of labels in order, each with its values in order. */
export const labels = computed(() => {
  turned.value;
  const found = new Map();
  for (const e of named.value) {
    for (const [name, value] of Object.entries(e.labels.peek())) {
      if (!found.has(name)) found.set(name, new Set());
      found.get(name).add(value);
    }
  }
  return [...found].sort(([a], [b]) => byName(a, b)).map(([name, values]) => ({name, values: [...values].sort(byName).slice(0, valuesMost)}));
});

/** asked is the labels that streams have to have to be shown. */
export const asked = computed(() => pairs(view.value.labels));

/** labelOf is a stream's value of a label; undefined: it has none. */
const labelOf = (e, name) => (Object.hasOwn(e.labels.peek(), name) ? e.labels.peek()[name] : undefined);

/** labelled tells whether a stream has those that are asked for. */
export const labelled = (e) => Object.entries(asked.value).every(([name, value]) => labelOf(e, name) === value);

/** groupsBy are streams by a label's value, in order of it; those without it are last, under the empty text. */
export function groupsBy(entries, label) {
  const groups = Map.groupBy(entries, (e) => labelOf(e, label) ?? "");
  return [...groups].sort(([a], [b]) => (a === "") - (b === "") || byName(a, b));
}
