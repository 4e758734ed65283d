// The dialogs that put a profile on the log and take one away: what would change, as YAML, before it does.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {ask} from "./feed.js";
import {html} from "./html.js";
import {proposed, yaml} from "./profile.js";

/** Asking is a small dialog with a form; send is to throw what is wrong. */
function Asking({id, title, verb, disabled, send, close, children}) {
  const dialog = useRef(null);
  const sending = useSignal({busy: false, error: ""});
  useEffect(() => dialog.current.showModal(), []);
  const submit = async (e) => {
    e.preventDefault();
    sending.value = {busy: true, error: ""};
    try {
      await send();
      dialog.current?.close();
    } catch (error) {
      sending.value = {busy: false, error: String(error.message)};
    }
  };
  return html`<dialog ref=${dialog} class="help asking" aria-labelledby=${id} onClose=${close}>
    <form onSubmit=${submit}>
      <h2 id=${id}>${title}</h2>
      ${children}
      ${sending.value.error && html`<p class="firing" role="alert">${sending.value.error}</p>`}
      <div class="chips">
        <button type="submit" class="chip primary" disabled=${disabled || sending.value.busy}>${verb}</button>
        <button type="button" class="chip" onClick=${() => dialog.current.close()}>Cancel</button>
      </div>
    </form>
  </dialog>`;
}

/** again has what is shown loaded anew where the server refuses: somebody may have changed it. */
const again = (stale) => (error) => {
  stale();
  throw error;
};

/** Publishing shows the difference and publishes; what is of the configuration file is changed there, or goes under another name. */
export function Publishing({profile, profiles, changes, done, stale, close}) {
  const fixed = profile.origin === "config";
  const to = useSignal({name: fixed ? "" : profile.name, matchers: profile.matchers.join("\n"), priority: String(profile.priority)});
  const {name, matchers, priority} = to.value;
  const edit = (change) => (to.value = {...to.value, ...change});
  const target = profiles.find((p) => p.name === name);
  const after = {matchers: matchers.split("\n").map((m) => m.trim()).filter(Boolean), priority: Number(priority) || 0, rules: proposed(profile, changes)};
  const before = target ?? (!name || name === profile.name ? profile : null);
  const lines = yaml(name || profile.name, before ?? {matchers: [], rules: {}}, after);
  const nothing = before && !lines.some((l) => l.sign);
  const send = async () => {
    await ask("PUT", `api/v1/profiles/${encodeURIComponent(name)}`, {version: target?.version ?? 0, ...after}).catch(again(stale));
    done(name);
  };
  return html`<${Asking} id="publish-heading" title="Publish a profile" verb="Publish" disabled=${!name || target?.origin === "config" || nothing} send=${send} close=${close}>
    ${fixed && html`<p>The profile <bdi>${profile.name}</bdi> is of the configuration file: change it there, as below, and have it read again (SIGHUP). Or publish it under another name.</p>`}
    <label>Name <input value=${name} required maxlength="100" spellcheck="false" autocomplete="off" onInput=${(e) => edit({name: e.target.value})}/></label>
    ${name !== "default" && html`
      <label>Streams whose labels fit, one condition a line, such as tier="1"
        <textarea rows="2" spellcheck="false" value=${matchers} onInput=${(e) => edit({matchers: e.target.value})}></textarea></label>
      <label>Priority, where several profiles fit <input inputmode="numeric" pattern="-?[0-9]{1,9}" value=${priority} onInput=${(e) => edit({priority: e.target.value})}/></label>`}
    <p>${target?.origin === "config" ? "This name is taken by the configuration file."
      : target ? `It governs ${target.streams === 1 ? "one stream" : `${target.streams} streams`} now. The detector goes by it at once; what people know of a stream is not lost.`
      : name ? "It is a new profile." : "Give it a name."} ${nothing && "Nothing is changed yet."}</p>
    <pre class="yaml" tabindex="0" aria-label="The change as YAML">${lines.map((l) => html`<span class=${l.sign === "+" ? "plus" : l.sign && "minus"}>${(l.sign || " ") + " " + l.text + "\n"}</span>`)}</pre>
    <p class="hint">A dry run: with a rule's option dry run its defects are recorded and shown, and nobody is told. To try another profile beside the one that tells,
      put it into a file that detector.shadow.rules names and run <code>framewatch run --target shadow</code>; <code>framewatch shadow diff</code> compares the two.</p>
  </${Asking}>`;
}

export function Removing({profile, done, stale, close}) {
  const send = async () => {
    await ask("DELETE", `api/v1/profiles/${encodeURIComponent(profile.name)}?version=${profile.version}`).catch(again(stale));
    done("default");
  };
  return html`<${Asking} id="remove-heading" title="Delete a profile" verb="Delete" send=${send} close=${close}>
    <p>The profile <bdi>${profile.name}</bdi> governs ${profile.streams === 1 ? "one stream" : `${profile.streams} streams`}. What fits them else decides then.</p>
  </${Asking}>`;
}
