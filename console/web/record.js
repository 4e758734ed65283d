// One record of the log in full: each field with its value and with what the schema says of it.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {timeOfDay, zoneName} from "./clock.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";

/** longest is how much of a text is shown, most how many items of a list. */
const longest = 400, most = 64;

const known = new Map();

/** schemaOf is the schema of that id, or null where nobody knows it. */
function schemaOf(id) {
  if (id === null) return Promise.resolve(null);
  if (!known.has(id)) known.set(id, getJSON(`schemas/ids/${id}`).then(({schema}) => JSON.parse(schema), () => (known.delete(id), null)));
  return known.get(id);
}

/** Names are the named types of a schema, by name. */
function namesOf(schema, names = new Map()) {
  if (Array.isArray(schema)) schema.forEach((s) => namesOf(s, names));
  else if (schema && typeof schema === "object") {
    if (schema.name && typeof schema.type === "string") names.set(schema.name, schema);
    for (const part of [schema.items, schema.values, typeof schema.type === "object" ? schema.type : null, ...(schema.fields ?? []).map((f) => f.type)]) if (part) namesOf(part, names);
  }
  return names;
}

/** inner is what a type comes to without null: of a union its one other branch. */
function inner(type, names) {
  if (Array.isArray(type)) return inner(type.find((t) => t !== "null"), names);
  if (typeof type === "string") return names.get(type.split(".").at(-1)) ?? type;
  return type?.type && typeof type.type === "object" ? inner(type.type, names) : type;
}

/** Written is a plain value: an instant with what it is of the day. */
function Written({value, doc, type}) {
  if (value === null || value === undefined) return html`<span class="nothing">null</span>`;
  if (typeof value === "boolean") return html`${String(value)}`;
  if (typeof value === "number") {
    const instant = /since the Unix epoch/.test(doc ?? "") && value > 1e15;
    return html`${Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(9)))}${instant && html` <span class="nothing">${timeOfDay(value)} ${zoneName(value)}</span>`}`;
  }
  const text = String(value), kind = typeof type === "object" ? type?.type : type;
  if (kind === "bytes" || kind === "fixed") return html`<code>${text.slice(0, longest) || "–"}${text.length > longest && "…"}</code> <span class="nothing">${text.length / 2} bytes</span>`;
  if (text === "") return html`<span class="nothing">empty</span>`;
  return html`<bdi>${text.slice(0, longest)}</bdi>${text.length > longest && html`<span class="nothing">… ${text.length} characters</span>`}`;
}

const plain = (v) => v === null || typeof v !== "object";

function Field({name, value, type, doc, names}) {
  const of = inner(type, names), nested = !plain(value) && !(Array.isArray(value) && value.every(plain));
  const said = doc ?? (nested ? of?.doc : undefined);
  return html`<div class="value ${nested ? "nested" : ""}">
    <dt>${name}</dt>
    <dd>${nested ? null : Array.isArray(value)
      ? (value.length === 0 ? html`<span class="nothing">none</span>` : html`${value.slice(0, most).map((v) => String(v)).join(", ")}${value.length > most && html`<span class="nothing">… ${value.length}</span>`}`)
      : html`<${Written} value=${value} doc=${said} type=${of}/>`}
      ${said && html`<p class="doc">${said}</p>`}</dd>
    ${nested && html`<${Fields} value=${value} type=${of} names=${names}/>`}
  </div>`;
}

/** Fields are those of a record in the order of its schema, or the entries of a map or list. */
function Fields({value, type, names}) {
  if (Array.isArray(value)) {
    return html`<dl class="values">${value.slice(0, most).map((v, i) => html`<${Field} key=${i} name=${`[${i}]`} value=${v} type=${type?.items} names=${names}/>`)}</dl>`;
  }
  const fields = new Map((type?.fields ?? []).map((f, i) => [f.name, {...f, i}]));
  const order = (n) => fields.get(n)?.i ?? Infinity;
  const own = Object.keys(value).sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  return html`<dl class="values">${own.slice(0, 200).map((n) => html`<${Field} key=${n} name=${n} value=${value[n]} type=${fields.get(n)?.type ?? type?.values} doc=${fields.get(n)?.doc} names=${names}/>`)}</dl>`;
}

/** Record shows a LogRecord of the API. */
export function Record({record}) {
  const schema = useSignal(null);
  useEffect(() => {
    let ended = false;
    schemaOf(record.schema_id).then((s) => !ended && (schema.value = s));
    return () => (ended = true);
  }, [record.schema_id]);
  const names = namesOf(schema.value), of = names.get(record.record);
  return html`<div class="record">
    <p class="meta">${record.topic} ${record.partition}:${record.offset}, written <time>${timeOfDay(record.time)} ${zoneName(record.time)}</time>, ${record.bytes} bytes${record.schema_id !== null && html`, schema <code>${record.schema_id}</code>`}
      ${record.key !== null && html`, key <bdi>${record.key}</bdi>`}</p>
    ${record.headers.length > 0 && html`<p class="meta">${record.headers.map((h) => html`<span key=${h.name}><code>${h.name}</code>: <bdi>${h.value}</bdi> </span>`)}</p>`}
    ${record.poison && html`<p class="poison" role="note">It cannot be read: ${record.poison}</p>`}
    ${record.tombstone && html`<p class="empty">A tombstone: what stood under this key is no more.</p>`}
    ${record.hidden?.length > 0 && html`<p class="empty">Never shown: ${record.hidden.join(", ")}.</p>`}
    ${of?.doc && html`<p class="doc">${of.doc}</p>`}
    ${record.value && html`<${Fields} value=${record.value} type=${of} names=${names}/>`}
  </div>`;
}
