// The one event stream of the page. After a resync the lists are loaded, and what arrives meanwhile is applied to them.
import {batch, signal} from "./vendor/signals.js";
import {now, setServerTime} from "./clock.js";
import {apply, replaceAll} from "./store.js";

/** link is how the page hangs on the server: {state: "connecting" | "live" | "lost", since}. */
export const link = signal({state: "connecting", since: now.peek()});

const retry = 3000;

let source;
/** arrived holds events while the lists are being loaded, else null. */
let arrived = null;

export function connect() {
  source = new EventSource("api/v1/events");
  source.addEventListener("resync", load);
  for (const kind of Object.keys(apply)) {
    source.addEventListener(kind, (event) => take({kind, value: JSON.parse(event.data)}));
  }
  source.onopen = () => arrived === null && link.peek().state === "lost" && set("live");
  source.onerror = () => {
    set("lost");
    // The browser connects again by itself unless the server has refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, retry);
  };
}

/** getJSON asks the API. */
export async function getJSON(path) {
  const answer = await fetch(path, {cache: "no-store"});
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `${path}: ${answer.status}`);
  return said;
}

/** postJSON gives the API a value. */
export async function postJSON(path, value) {
  const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(value)});
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `${path}: ${answer.status}`);
  return said;
}

function set(state) {
  if (link.peek().state !== state) link.value = {state, since: now.peek()};
}

function take(change) {
  if (arrived) arrived.push(change);
  else apply[change.kind](change.value);
}

async function load() {
  const mine = (arrived = []);
  let streams, defects;
  try {
    [streams, defects] = await Promise.all([getJSON("api/v1/streams"), getJSON("api/v1/defects")]);
  } catch {
    if (arrived !== mine) return;
    set("lost");
    source.close();
    setTimeout(connect, retry);
    return;
  }
  if (arrived !== mine) return; // a later resync has begun
  arrived = null;
  batch(() => {
    setServerTime(streams.now);
    replaceAll(streams.streams, defects.defects);
    mine.forEach(take);
    set("live");
  });
}
