// The page of rules: choose a profile and a rule, change what it asks for, see what the last hours would have been, and publish it. What is chosen and changed stands in the address.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";
import {isAdmin, mayAct} from "./me.js";
import {alike, brief, isDuration, proposed, readChanges, shown} from "./profile.js";
import {Publishing, Removing} from "./publish.js";
import {stylesheet} from "./stylesheet.js";
import {choose, view} from "./view.js";
import {WhatIf} from "./whatif.js";

const words = (kind) => kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll("_", " ");

export function Page() {
  const loaded = useSignal({rules: null, profiles: [], error: ""});
  const load = async () => {
    try {
      const [, {rules}, {profiles}] = await Promise.all([stylesheet("rules.css"), getJSON("api/v1/rules"), getJSON("api/v1/profiles")]);
      loaded.value = {rules, profiles, error: ""};
    } catch (error) {
      loaded.value = {...loaded.peek(), rules: loaded.peek().rules ?? [], error: String(error.message)};
    }
  };
  useEffect(() => void load(), []);
  const {rules, profiles, error} = loaded.value;
  if (rules === null) return html`<main class="page" aria-busy="true"><p class="empty">Loading …</p></main>`;
  const profile = profiles.find((p) => p.name === (view.value.profile || "default")) ?? profiles[0];
  const rule = rules.find((r) => r.kind === view.value.rule) ?? rules[0];
  if (!profile || !rule) return html`<main class="page"><p class="banner" role="alert">The rules cannot be had: ${error}</p></main>`;
  const changes = readChanges(view.value.set);
  return html`<main class="page rules">
    <nav aria-labelledby="profiles-heading">
      <${Profiles} profiles=${profiles} chosen=${profile}/>
      <${Kinds} rules=${rules} profile=${profile} changes=${changes} chosen=${rule}/>
    </nav>
    <div class="bench">
      ${error && html`<p class="banner" role="alert">What is shown may be old: ${error}</p>`}
      <${Heading} rule=${rule} profile=${profile} profiles=${profiles} rules=${rules} changes=${changes} load=${load}/>
      <${Options} key=${`${profile.name} ${rule.kind}`} rule=${rule} profile=${profile} changes=${changes}/>
      <${WhatIf} profile=${profile} rules=${proposed(profile, changes)} changed=${view.value.set}/>
    </div>
  </main>`;
}

function Profiles({profiles, chosen}) {
  return html`<h2 id="profiles-heading">Profiles <span class="count">${profiles.length}</span></h2>
    <ul class="choices">${profiles.map((p) => html`<li key=${p.name}>
      <button type="button" aria-pressed=${p === chosen} onClick=${() => choose({profile: p.name === "default" ? "" : p.name, set: ""})}>
        <b><bdi>${p.name}</bdi></b> <span>${p.streams === 1 ? "1 stream" : `${p.streams} streams`}</span>
        <small>${p.matchers.length > 0 ? p.matchers.join(", ") : p.name === "default" ? "streams that no other fits" : "streams that name it"}${p.origin === "config" && " · of the configuration file"}</small>
        ${p.problem && html`<small class="firing">${p.problem}</small>`}
      </button>
    </li>`)}</ul>`;
}

/** Kinds are the rules; those that the profile has otherwise than documented, and those that are changed here, say so. */
function Kinds({rules, profile, changes, chosen}) {
  return html`<h2 id="kinds-heading">Rules <span class="count">${rules.length}</span></h2>
    <label class="pick">Rule <select value=${chosen.kind} onChange=${(e) => choose({rule: e.target.value})}>
      ${rules.map((r) => html`<option key=${r.kind} value=${r.kind}>${words(r.kind)}</option>`)}
    </select></label>
    <ul class="choices kinds" aria-labelledby="kinds-heading">${rules.map((r) => {
      const edited = Object.keys(changes[r.kind] ?? {}).length, own = Object.keys(profile.rules[r.kind] ?? {}).length;
      return html`<li key=${r.kind}><button type="button" aria-pressed=${r === chosen} onClick=${() => choose({rule: r.kind})}>
        ${words(r.kind)} ${edited > 0 ? html`<span class="edited">${edited} changed</span>` : own > 0 && html`<span>${own} set</span>`}
      </button></li>`;
    })}</ul>`;
}

function Heading({rule, profile, profiles, rules, changes, load}) {
  const publishing = useSignal(false), removing = useSignal(false);
  const edited = Object.values(changes).reduce((n, options) => n + Object.keys(options).length, 0);
  const done = (name) => {
    choose({set: "", profile: name === "default" ? "" : name});
    load();
  };
  return html`<header class="heading">
    <div>
      <h2>${words(rule.kind)} <span class="of">in the profile <bdi>${profile.name}</bdi></span></h2>
      <p>${rule.doc.replace(/^\w+ judges/, "Judges")}</p>
      ${rule.parents.length > 0 && html`<p class="hint">Not told while one of these explains it: ${rule.parents.map((p) => words(p).toLowerCase()).join(", ")}.</p>`}
    </div>
    <div class="acts">
      ${edited > 0 && html`<button type="button" class="chip" onClick=${() => choose({set: ""})}>Undo ${edited === 1 ? "the change" : `${edited} changes`}</button>`}
      <button type="button" class="chip" aria-haspopup="dialog" disabled=${!isAdmin.value} title=${isAdmin.value ? null : "This needs the role admin"} onClick=${() => (publishing.value = true)}>Publish …</button>
      ${profile.origin === "api" && html`<button type="button" class="chip" aria-haspopup="dialog" disabled=${!isAdmin.value} onClick=${() => (removing.value = true)}>Delete …</button>`}
    </div>
    ${publishing.value && html`<${Publishing} profile=${profile} profiles=${profiles} rules=${rules} changes=${changes} done=${done} stale=${load} close=${() => (publishing.value = false)}/>`}
    ${removing.value && html`<${Removing} profile=${profile} done=${done} stale=${load} close=${() => (removing.value = false)}/>`}
  </header>`;
}

/** Options are what the rule asks for: each with its unit, its bounds, what it means, and what it was. */
function Options({rule, profile, changes}) {
  const own = profile.rules[rule.kind] ?? {}, edits = changes[rule.kind] ?? {};
  const set = (option, value) => {
    const before = own[option.name] ?? option.default;
    const options = {...edits};
    delete options[option.name];
    if (value === null ? own[option.name] !== undefined : !alike(value, before)) options[option.name] = value;
    const all = {...changes, [rule.kind]: options};
    if (Object.keys(options).length === 0) delete all[rule.kind];
    choose({set: Object.keys(all).length > 0 ? JSON.stringify(all) : ""});
  };
  return html`<form class="options" aria-label="Options" onSubmit=${(e) => (e.preventDefault(), document.activeElement.blur())}>
    ${rule.options.map((o) => {
      const isOwn = own[o.name] !== undefined, before = own[o.name] ?? o.default, isEdited = edits[o.name] !== undefined;
      const value = isEdited ? edits[o.name] ?? o.default : before;
      return html`<div class="option ${o.type} ${isEdited ? "edited" : ""}" key=${o.name}>
        <label for=${`option-${o.name}`}>${o.name.replaceAll("_", " ")}</label>
        <div class="value">
          <${Input} option=${o} value=${value} change=${(v) => set(o, v)}/>
          <span class="unit">${o.unit}</span>
        </div>
        <p id=${`about-${o.name}`}>${meaning(o)}
          <span class="bounds"> Default ${shown(o.default)}${o.least !== null && o.most !== null ? `, ${shown(o.least)} to ${shown(o.most)}` : ""}.</span></p>
        <div class="was">
          ${isEdited && html`<button type="button" class="chip" onClick=${() => set(o, before)}>Back to ${shown(before)}</button>`}
          ${!isEdited && isOwn && html`<button type="button" class="chip" onClick=${() => set(o, null)}>Default ${shown(o.default)}</button>`}
        </div>
      </div>`;
    })}
    <button type="submit" hidden>Try</button>
    ${!mayAct.value && html`<p class="hint">You may look. Trying changes out needs the role operator.</p>`}
  </form>`;
}

/** meaning is what an option's comment says of it, without its name where that is not needed. */
function meaning({name, doc}) {
  const rest = doc.startsWith(`${name} is `) ? doc.slice(name.length + 4) : doc.replace(name, name.replaceAll("_", " "));
  return brief(rest.charAt(0).toUpperCase() + rest.slice(1));
}

/** Input is for a value of the option's type. What cannot be read stays, and says so. */
function Input({option, value, change}) {
  const id = `option-${option.name}`, about = `about-${option.name}`;
  const changed = (read) => (e) => {
    const v = read(e.target.value.trim());
    e.target.setCustomValidity(v === undefined ? `This is to be ${kinds[option.type].words}` : "");
    if (v === undefined) e.target.reportValidity();
    else change(v);
  };
  if (option.type === "switch") return html`<input id=${id} aria-describedby=${about} type="checkbox" checked=${value} onChange=${(e) => change(e.target.checked)}/>`;
  if (option.choices) {
    return html`<select id=${id} aria-describedby=${about} value=${value} onChange=${(e) => change(e.target.value)}>${option.choices.map((c) => html`<option key=${c} value=${c}>${c}</option>`)}</select>`;
  }
  const kind = kinds[option.type];
  if (!kind) return html`<output id=${id} aria-describedby=${about}>${Object.keys(value ?? {}).length} set, in the configuration file</output>`;
  return html`<input id=${id} aria-describedby=${about} type="text" inputmode=${kind.keyboard} spellcheck="false" autocomplete="off" value=${kind.write(value)} onChange=${changed(kind.read)}/>`;
}

const number = (pattern) => (text) => (pattern.test(text) ? Number(text) : undefined);

/** kinds of text that is typed: how it is read, undefined where it cannot be. */
const kinds = {
  number: {words: "a number", keyboard: "decimal", read: number(/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i), write: String},
  integer: {words: "a whole number", keyboard: "numeric", read: number(/^-?\d+$/), write: String},
  duration: {words: "a duration such as 500ms, 2s or 1m30s", read: (text) => (isDuration(text) ? text : undefined), write: brief},
  text: {words: "a text", read: (text) => text, write: String},
  list: {words: "words with commas between them", read: (text) => text.split(",").map((t) => t.trim()).filter(Boolean), write: (v) => (v ?? []).join(", ")},
};
