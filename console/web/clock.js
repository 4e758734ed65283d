// The server's clock, ticking once a second, and how instants and spans are written. All instants are microseconds since the Unix epoch.
import {computed, signal} from "./vendor/signals.js";

const second = 1e6;

/** now is the server's time: the viewer's own clock may be wrong. */
export const now = signal(Date.now() * 1000);

/** zone is "UTC" or "local". */
export const zone = signal(localStorage.getItem("zone") ?? "local");

let offset = 0;

/** setServerTime takes the server's time as just received. */
export function setServerTime(micros) {
  offset = micros - Date.now() * 1000;
  tick();
}

export function toggleZone() {
  zone.value = zone.value === "UTC" ? "local" : "UTC";
  localStorage.setItem("zone", zone.value);
}

function tick() {
  now.value = Date.now() * 1000 + offset;
}

/** startClock ticks on the full second of the server. */
export function startClock() {
  tick();
  setTimeout(startClock, 1000 - ((now.value / 1000) % 1000));
}

const writers = new Map();

/** written is an instant in the chosen zone. What writes it takes long to make and is kept. */
function written(locale, options, micros) {
  const key = `${locale} ${zone.value} ${Object.keys(options)}`;
  if (!writers.has(key)) writers.set(key, new Intl.DateTimeFormat(locale, {...options, timeZone: zone.value === "UTC" ? "UTC" : undefined}));
  return writers.get(key).formatToParts(new Date(micros / 1000));
}

const text = (parts) => parts.map((p) => p.value).join("");
const dayOf = (micros) => text(written("sv-SE", {year: "numeric", month: "2-digit", day: "2-digit"}, micros));

/** today changes once a day, so that what shows an instant is not drawn again each second. */
const today = computed(() => dayOf(now.value));

/** timeOfDay is 14:03:22, with the date in front when it is not today's. */
export function timeOfDay(micros) {
  const day = dayOf(micros);
  const time = text(written("sv-SE", {hour: "2-digit", minute: "2-digit", second: "2-digit"}, micros));
  return day === today.value ? time : `${day} ${time}`;
}

/** zoneName is UTC or the viewer's zone at that instant, such as GMT+2. */
export function zoneName(micros) {
  if (zone.value === "UTC") return "UTC";
  return written("en-GB", {timeZoneName: "short"}, micros).find((p) => p.type === "timeZoneName").value;
}

/** span is how long, in the two units that matter: 42 s, 4 min 07 s, 2 h 04 min, 3 d 4 h. */
export function span(micros) {
  const s = Math.max(0, Math.floor(micros / second));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

/** exactSpan is span with a tenth of a second where it is short: for what has ended. */
export function exactSpan(micros) {
  return micros < 10 * second ? `${(Math.max(0, micros) / second).toFixed(1)} s` : span(micros);
}
