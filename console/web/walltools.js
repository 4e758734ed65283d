// What the wall can be told: which streams by their labels, in which order and groups, how large.
import {useEffect} from "./vendor/preact-hooks.js";
import {html} from "./html.js";
import {asked, labels} from "./labels.js";
import {sizeOf, sizes} from "./layout.js";
import {total} from "./store.js";
import {choose, paired, view} from "./view.js";

/** find leads who looks for a name by the browser's own search to ours: not all names are in the document. A second time it is the browser's. */
function find(e) {
  const search = document.getElementById("search");
  if (e.key !== "f" || !(e.ctrlKey || e.metaKey) || document.activeElement === search || document.querySelector("dialog[open]")) return;
  e.preventDefault();
  search.focus();
}

/** Tools are choices, all of which stand in the address; `shown` is how many streams are left. */
export function Tools({shown}) {
  useEffect(() => {
    addEventListener("keydown", find);
    return () => removeEventListener("keydown", find);
  }, []);
  const {sort, size, group} = view.value;
  return html`<div class="tools" role="group" aria-label="The wall">
    <p class="shown" role="status">${shown === total.value ? `${shown} streams` : `${shown} of ${total.value} streams`}</p>
    <${Filter}/>
    <label>Groups <select value=${group} onChange=${(e) => choose({group: e.target.value, fold: ""})}>
      <option value="">none</option>
      ${labels.value.map(({name}) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select></label>
    <label>Order <select value=${sort} onChange=${(e) => choose({sort: e.target.value})}><option value="">by name</option><option value="worst">the worst first</option></select></label>
    <label>Size <input type="range" min="0" max=${sizes.length - 1} value=${sizeOf(size)} onInput=${(e) => choose({size: e.target.value})}/></label>
    <button type="button" class="chip" aria-pressed=${size === "fit"} onClick=${() => choose({size: size === "fit" ? "" : "fit"})} title="So large that all of them stand on the screen">Fit</button>
    <button type="button" class="chip" onClick=${() => choose({kiosk: "1"})} title="Nothing but the wall, for a screen that nobody touches; Esc leaves it">Kiosk</button>
  </div>`;
}

/** Filter asks for labels; those that are asked for can be given up again. */
function Filter() {
  const set = (change) => choose({labels: paired(Object.fromEntries(Object.entries({...asked.peek(), ...change}).filter(([, value]) => value !== null)))});
  const add = (e) => {
    const [name, value] = JSON.parse(e.target.value);
    e.target.value = "";
    set({[name]: value});
  };
  return html`<label>Label <select value="" onChange=${add}>
      <option value="" disabled>any</option>
      ${labels.value.map(({name, values}) => html`<optgroup key=${name} label=${name}>${values.map((v) => html`<option key=${v} value=${JSON.stringify([name, v])}>${v}</option>`)}</optgroup>`)}
    </select></label>
    ${Object.entries(asked.value).map(([name, value]) => html`<button type="button" class="chip asked" key=${name} onClick=${() => set({[name]: null})} aria-label=${`Any ${name}`}>
      <span><bdi>${name}</bdi></span> <b><bdi>${value}</bdi></b> ✕</button>`)}`;
}
