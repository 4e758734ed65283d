// The one event stream of the page. What arrives is applied a few times a second, all at once; after a resync the lists are loaded first.
import {batch, signal} from "./vendor/signals.js";
import {now, setServerTime} from "./clock.js";
import {apply, applyAll, replaceAll} from "./store.js";

/** link is how the page hangs on the server: {state: "connecting" | "live" | "lost", since}. */
export const link = signal({state: "connecting", since: now.peek()});

const retry = 3000;

/** pace is how long what arrives may wait for what comes with it, and hiddenPace how long on a page that nobody sees, whose timers may be a minute late: milliseconds. */
const pace = 150, hiddenPace = 1000;

let source, retrying;
/** waiting has the last change of each stream and defect, in the order in which they came. */
const waiting = new Map();
/** loading tells which load of the lists is under way; null: none. */
let loading = null;
let timer = 0, applied = 0;

export function connect() {
  clearTimeout(retrying);
  source?.close();
  source = new EventSource("api/v1/events");
  source.addEventListener("resync", load);
  for (const kind of Object.keys(apply)) {
    source.addEventListener(kind, (event) => take({kind, value: JSON.parse(event.data)}));
  }
  source.onopen = () => loading === null && link.peek().state === "lost" && set("live");
  source.onerror = () => {
    set("lost");
    // The browser connects again by itself unless the server has refused.
    if (source.readyState === EventSource.CLOSED) later();
  };
}

function later() {
  clearTimeout(retrying);
  retrying = setTimeout(connect, retry);
}

// A page that is left may be kept to be gone back to, and its connection with it, of which a browser has six to a host.
addEventListener("pagehide", () => {
  clearTimeout(retrying);
  source?.close();
  loading = null;
  set("lost");
});
addEventListener("pageshow", (event) => event.persisted && connect());

/** getJSON asks the API. */
export async function getJSON(path) {
  const answer = await fetch(path, {cache: "no-store"});
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `${path}: ${answer.status}`);
  return said;
}

/** postJSON gives the API a value. */
export const postJSON = (path, value) => ask("POST", path, value);

/** ask has the API do something, with a value where there is one. */
export async function ask(method, path, value) {
  const answer = await fetch(path, {method, headers: {"Content-Type": "application/json"}, body: JSON.stringify(value)});
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `${path}: ${answer.status}`);
  return said;
}

function set(state) {
  if (link.peek().state !== state) link.value = {state, since: now.peek()};
}

function take(change) {
  const key = `${change.kind} ${change.value.id}`;
  waiting.delete(key);
  waiting.set(key, change);
  if (loading !== null) return;
  if (document.hidden && performance.now() - applied > hiddenPace) flush();
  else timer ||= setTimeout(flush, pace);
}

function flush() {
  clearTimeout(timer);
  timer = 0;
  if (loading !== null) return;
  applied = performance.now();
  const changes = [...waiting.values()];
  waiting.clear();
  applyAll(changes);
}

async function load() {
  const mine = (loading = {});
  waiting.clear();
  let streams, defects;
  try {
    [streams, defects] = await Promise.all([getJSON("api/v1/streams"), getJSON("api/v1/defects")]);
  } catch {
    if (loading !== mine) return;
    set("lost");
    source.close();
    later();
    return;
  }
  if (loading !== mine) return; // a later resync has begun
  loading = null;
  batch(() => {
    setServerTime(streams.now);
    replaceAll(streams.streams, defects.defects);
    flush();
    set("live");
  });
}
