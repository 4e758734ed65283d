// The lamp of a stream: each state has its own shape, so that colour is never needed to tell them apart.
import {html} from "./html.js";

const shapes = {
  // An octagon with an exclamation mark.
  firing: html`<path class="fill" d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z"/><path class="ink" d="M8 3.6v5.2M8 11.9v.4"/>`,
  // A triangle.
  pending: html`<path class="fill" d="M8 1.2 15.4 14H.6z"/><path class="ink" d="M8 6v3.4M8 11.7v.4"/>`,
  // A clock.
  stale: html`<circle class="line" cx="8" cy="8" r="6.4"/><path class="line" d="M8 4.2V8l2.6 1.8"/>`,
  // A broken ring with a question mark.
  unknown: html`<circle class="line dashed" cx="8" cy="8" r="6.4"/><path class="line" d="M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M8 11.6v.2"/>`,
  // A disc with a tick.
  ok: html`<circle class="fill" cx="8" cy="8" r="7"/><path class="ink" d="m4.8 8.3 2.2 2.2 4.2-4.6"/>`,
};

export const lampNames = {firing: "Firing", pending: "Pending", stale: "Stale", unknown: "Unknown", ok: "OK"};

export function Lamp({lamp}) {
  return html`<svg class="lamp ${lamp}" viewBox="0 0 16 16" role="img" aria-label=${lampNames[lamp]}>${shapes[lamp]}</svg>`;
}
