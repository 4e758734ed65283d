// Keys: everything that a pointer can do. What takes text, and other keys held down, are left alone.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {signal} from "./vendor/signals.js";
import {toggleZone} from "./clock.js";
import {html} from "./html.js";
import {pages} from "./pages.js";
import {turnTo} from "./view.js";

const helping = signal(false);

/** What j and k go through: streams, then defects; in an open dialog what is in it. */
const stops = ".tile > a, .defect a.title, .tapped summary";

/** walker.step, where a page sets it, goes through streams of which only those near the view are in the document. */
export const walker = {step: null};

function step(by) {
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  if (!dialog && walker.step) return walker.step(by);
  const place = dialog ?? document;
  const all = [...place.querySelectorAll(stops)];
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({block: "nearest"});
}

const keys = {
  j: {does: "next stream or defect", act: () => step(1)},
  k: {does: "the one before", act: () => step(-1)},
  o: {does: "open it", act: () => document.activeElement.closest("a")?.click()},
  "/": {does: "search", act: () => document.getElementById("search").focus()},
  u: {does: "local time or UTC", act: toggleZone},
  "?": {does: "these keys", act: () => (helping.value = !helping.value)},
  ...Object.fromEntries(pages.map(({name, title, key}) => [key, {does: `turn to ${title}`, act: () => location.assign(turnTo(name))}])),
};

/** elsewhere are keys that work where they stand. */
const elsewhere = [["Esc", "close what is open"], ["Ctrl F", "on the wall: search, since not all of it is in the document"], ["p", "on the tap: pause it, or go on"], ["a", "on a defect: acknowledge it"], ["m", "on a defect: mute its kind on its stream for an hour"], ["c", "on a defect: confirm it"], ["f", "on a defect: call it a false alarm"], ["l", "on a defect: copy its address"]];

/** Keys listens, and shows the list when asked. */
export function Keys() {
  useEffect(() => {
    const pressed = (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches("input, textarea, select")) return;
      const key = keys[e.key];
      if (!key) return;
      e.preventDefault();
      key.act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return helping.value && html`<${Help}/>`;
}

function Help() {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const rows = [...Object.entries(keys).map(([key, {does}]) => [key, does]), ...elsewhere];
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-heading" onClose=${() => (helping.value = false)}>
    <h2 id="help-heading">Keys</h2>
    <dl class="facts">${rows.map(([key, does]) => html`<dt key=${key}><kbd>${key}</kbd></dt><dd>${does}</dd>`)}</dl>
  </dialog>`;
}
