// The form for a stream: its address, a look at what is there, its name and labels, and what is expected of it.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {ask, getJSON, postJSON} from "./feed.js";
import {html} from "./html.js";

const empty = {id: "", url: "", labels: [], profile: "", lane: "", loop: false, expectations: ""};

/** StreamForm is for the stream id, or for a new one; done is called with what is to be said once it stands. */
export function StreamForm({id, done, cancel}) {
  const form = useSignal(null), told = useSignal({masked: "", busy: false, error: ""}), profiles = useSignal([]);
  const look = useSignal({of: "", busy: false, found: null, error: ""});
  useEffect(() => {
    getJSON("api/v1/profiles").then((a) => (profiles.value = (a.profiles ?? []).map((p) => p.name)), () => {});
    if (id === "") form.value = empty;
    else getJSON(`api/v1/streams/${encodeURIComponent(id)}/spec`).then(({stream, masked}) => {
      form.value = {...stream, url: masked ? "" : stream.url, labels: Object.entries(stream.labels ?? {}).sort(), expectations: stream.expectations ? JSON.stringify(stream.expectations, null, 2) : ""};
      told.value = {...told.peek(), masked: masked ? stream.url : "", before: masked ? "" : stream.url};
    }, (e) => {
      told.value = {...told.peek(), error: String(e.message)};
    });
  }, [id]);
  const f = form.value;
  if (f === null) return told.value.error ? html`<p class="problem" role="alert">The stream cannot be had: ${told.value.error}</p>` : html`<p class="empty">Loading …</p>`;
  const set = (part) => (form.value = {...form.value, ...part});
  const asBefore = id !== "" && f.url === told.value.before;
  const seen = asBefore || (look.value.of === f.url && look.value.found);
  const probe = async () => {
    const url = f.url;
    look.value = {of: url, busy: true, found: null, error: ""};
    try {
      const found = await postJSON("api/v1/probe", {url});
      if (look.peek().of === url) look.value = {of: url, busy: false, found, error: ""};
    } catch (error) {
      if (look.peek().of === url) look.value = {of: url, busy: false, found: null, error: String(error.message)};
    }
  };
  const submit = async (e) => {
    e.preventDefault();
    if (told.value.busy) return;
    if (!seen) return probe();
    told.value = {...told.value, busy: true, error: ""};
    try {
      const expectations = f.expectations.trim() === "" ? null : JSON.parse(f.expectations);
      const body = {url: asBefore ? "" : f.url, labels: Object.fromEntries(f.labels.filter(([n]) => n !== "")), profile: f.profile, lane: f.lane, loop: f.loop, expectations};
      if (id === "") await postJSON("api/v1/streams", {...body, id: f.id});
      else await ask("PUT", `api/v1/streams/${encodeURIComponent(id)}`, body);
      done(id === "" ? `${f.id} is monitored from now on.` : `${id} is changed.`);
    } catch (error) {
      told.value = {...told.value, busy: false, error: error instanceof SyntaxError ? `Expectations: this is no JSON: ${error.message}` : String(error.message)};
    }
  };
  return html`<form class="card stream-form" aria-labelledby="stream-form" onSubmit=${submit}>
    <h2 id="stream-form">${id === "" ? "Add a stream" : html`Change <bdi>${id}</bdi>`}</h2>
    <div class="address">
      <label>Address <input type="text" inputmode="url" required=${!asBefore} maxlength="2000" spellcheck=${false} autocomplete="off" placeholder=${told.value.masked || "https://origin.example/news/index.m3u8"} value=${f.url} onInput=${(e) => set({url: e.target.value.trim()})}/></label>
      <button type="button" class="chip" disabled=${f.url === "" || look.value.busy} onClick=${probe}>${look.value.busy ? "Looking …" : "Look at it"}</button>
    </div>
    ${told.value.masked && html`<p class="hint">Left empty it stays ${told.value.masked}.</p>`}
    <p class="hint">A password or token is named by its file, $\{file:/path}, never written here. The console's machine looks for 15 s at most.</p>
    <${Found} look=${look.value} url=${f.url}/>
    <div class="fields">
      ${id === "" && html`<label>Name <input type="text" required maxlength="200" value=${f.id} onInput=${(e) => set({id: e.target.value})}/></label>`}
      <label>Rule profile <input type="text" list="profiles" maxlength="200" placeholder="chosen by its labels" value=${f.profile} onInput=${(e) => set({profile: e.target.value})}/></label>
      <label>Lane <input type="text" maxlength="200" placeholder="its own" value=${f.lane} onInput=${(e) => set({lane: e.target.value})}/></label>
    </div>
    <datalist id="profiles">${profiles.value.map((p) => html`<option key=${p} value=${p}/>`)}</datalist>
    <${Labels} labels=${f.labels} change=${(labels) => set({labels})}/>
    <details open=${f.expectations !== ""}><summary>What is expected of it</summary>
      <label>As JSON, as in the configuration file <textarea spellcheck=${false} placeholder='{"silent_tracks": [1]}' value=${f.expectations} onInput=${(e) => set({expectations: e.target.value})}></textarea></label>
    </details>
    <label class="check"><input type="checkbox" checked=${f.loop} onChange=${(e) => set({loop: e.target.checked})}/> A file begins again at its end</label>
    ${told.value.error && html`<p class="problem" role="alert">${told.value.error}</p>`}
    <div class="chips">
      <button type="submit" class="chip main" disabled=${told.value.busy || look.value.busy}>${seen ? (look.value.found?.problem && !asBefore ? "Save all the same" : "Save") : "Look at it first"}</button>
      <button type="button" class="chip" onClick=${cancel}>Cancel</button>
    </div>
  </form>`;
}

function Labels({labels, change}) {
  const set = (i, at, text) => change(labels.map((l, j) => (j === i ? l.with(at, text) : l)));
  return html`<fieldset class="labelled"><legend>Labels: rules, routes and silences go by them</legend>
    ${labels.map(([name, value], i) => html`<div class="label" key=${i}>
      <input type="text" aria-label="Label" placeholder="site" maxlength="200" value=${name} onInput=${(e) => set(i, 0, e.target.value)}/>
      <input type="text" aria-label="Value" placeholder="north" maxlength="200" value=${value} onInput=${(e) => set(i, 1, e.target.value)}/>
      <button type="button" class="remove" aria-label="Remove this label" onClick=${() => change(labels.filter((_, j) => j !== i))}>✕</button>
    </div>`)}
    <button type="button" class="chip" onClick=${() => change([...labels, ["", ""]])}>Add a label</button>
  </fieldset>`;
}

/** Found is what a look at the address told, as long as that is still the address. */
function Found({look: {of, busy, found, error}, url}) {
  if (of !== url || of === "") return null;
  if (busy) return html`<p class="empty" role="status">Asking for the source and waiting for its first picture …</p>`;
  if (error) return html`<p class="problem" role="alert">It cannot be looked at: ${error}</p>`;
  if (found.problem) return html`<div class="found bad" role="status"><p class="problem">It cannot be watched: ${found.problem}</p></div>`;
  return html`<div class="found" role="status">
    <${FirstPicture} jpeg=${found.picture}/>
    <dl class="facts">
      <dt>Container</dt><dd>${found.container || "unknown"}</dd>
      ${found.tracks.map((t) => html`<dt key=${t.index}>Track ${t.index}</dt><dd>${trackText(t)}</dd>`)}
      <dt>First picture</dt><dd>${after(found.first_picture_s)}</dd>
      <dt>First sound</dt><dd>${after(found.first_sound_s)}</dd>
    </dl>
  </div>`;
}

const after = (seconds) => (seconds === null ? "none" : `after ${seconds.toFixed(2)} s`);

function trackText({kind, codec, profile, video, audio, language}) {
  const parts = [`${kind} ${codec}${profile ? ` ${profile}` : ""}`];
  if (video) parts.push(`${video.width}×${video.height} ${video.pixel_format}`);
  if (video?.frame_rate_den > 0) parts.push(`${Number((video.frame_rate_num / video.frame_rate_den).toPrecision(4))} pictures/s`);
  if (audio) parts.push(`${audio.sample_rate} Hz ${audio.layout}`);
  if (language) parts.push(language);
  return parts.join(", ");
}

/** FirstPicture shows a JPEG in base64. */
function FirstPicture({jpeg}) {
  const url = useSignal("");
  useEffect(() => {
    if (!jpeg) return undefined;
    const made = URL.createObjectURL(new Blob([Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0))], {type: "image/jpeg"}));
    url.value = made;
    return () => URL.revokeObjectURL(made);
  }, [jpeg]);
  return jpeg ? html`<img src=${url.value} alt="The first picture"/>` : html`<div class="none">No picture</div>`;
}
