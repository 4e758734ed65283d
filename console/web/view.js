// What the viewer has chosen, kept in the address, so that it can be shared and survives a reload.
import {signal} from "./vendor/signals.js";

const keys = [
  "page", "lamp", "search", "stream", "defect", "last", "since", "until", "heat",
  "labels", "sort", "size", "group", "fold", "kiosk", // of the wall
  "profile", "rule", "set", "hours", "only", // of the rules
  "silence", // of the silences
  "edit", // of the streams
  "topic", "partition", "key", "where", "start", // of the tap
  "at", // of a stream: the records of an instant
];

/**
 * view is what is shown: this page, of it only this lamp, only names with this text; this stream, with its figures of lately or between two instants, or this defect in full; heat strips
 * of so many hours. Of the wall: only streams with these labels, in this order, in tiles of this size, in groups by this label, of which these are folded or not by hand; with
 * nothing but the wall on the screen. Of the rules: this rule of this profile, with these changes as JSON, tried on so many hours of only streams with such names.
 * Of the silences: the form for one of these matchers, one a line, or of none yet (new).
 * Of the streams: the form for this one, or for a new one (+).
 * Tapped are a topic, one of its partitions, a key, where a condition holds, from an instant on.
 * Empty: not chosen.
 */
export const view = signal(read());

function read() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(keys.map((k) => [k, chosen.get(k) ?? ""]));
}

addEventListener("hashchange", () => (view.value = read()));

/** address is the page with these choices changed. */
export function address(change) {
  const chosen = Object.entries({...view.value, ...change}).filter(([, v]) => v !== "");
  return `#${new URLSearchParams(chosen)}`;
}

/** choose changes choices without a step in the history. */
export function choose(change) {
  history.replaceState(null, "", address(change));
  view.value = read();
}

/** pairs reads a choice that is names with values, such as labels, and paired writes one. */
export const pairs = (text) => Object.fromEntries(new URLSearchParams(text));
export const paired = (values) => new URLSearchParams(values).toString();

/** matches tells whether a stream's name has the text that is searched for. */
export const matches = (id) => id.toLowerCase().includes(view.value.search.toLowerCase());

/** turnTo is the address of another page: what was chosen on the one before does not hold there. */
export const turnTo = (page) => (page ? `#${new URLSearchParams({page})}` : "#");
