// Sharing a defect: its address, which opens for who may look, and that of its pictures, which opens for whoever has it.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {timeOfDay, zoneName} from "./clock.js";
import {postJSON} from "./feed.js";
import {html} from "./html.js";
import {mayAct} from "./me.js";
import {address} from "./view.js";

/** copied tells whether the browser has taken text to its clipboard: it may only where the page came over TLS, or from this machine. */
const copied = (text) => (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(() => true, () => false);

/** Share offers both, by button or key; an address that cannot be copied is shown to be copied by hand. */
export function Share({defect}) {
  const told = useSignal({said: "", text: ""});
  const copy = async (text, said) => (told.value = (await copied(text)) ? {said, text: ""} : {said: "Copy this address:", text});
  const own = () => copy(new URL(address({defect: defect.id, stream: ""}), location.href).href, "Copied: it opens for who may look at this page.");
  const pictures = async () => {
    try {
      const {filmstrip, until} = await postJSON(`api/v1/defects/${defect.id}/share`, {});
      await copy(new URL(filmstrip.slice(1), document.baseURI).href, `Copied: whoever has it sees the pictures until ${timeOfDay(until)} ${zoneName(until)}.`);
    } catch (error) {
      told.value = {said: String(error.message), text: ""};
    }
  };
  useEffect(() => {
    const pressed = (e) => e.key === "l" && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.matches("input, textarea, select") && own();
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
  const {said, text} = told.value;
  return html`<section class="share" aria-labelledby="share"><h2 id="share">Share</h2>
    <div class="chips">
      <button type="button" class="chip" onClick=${own}>Copy link <kbd>l</kbd></button>
      ${defect.evidence?.filmstrip && html`<button type="button" class="chip" disabled=${!mayAct.value} onClick=${pictures}>Copy link to the pictures for anyone</button>`}
    </div>
    <p role="status">${said}</p>
    ${text && html`<input type="text" readonly aria-label="Address" value=${text} onFocus=${(e) => e.target.select()}/>`}
  </section>`;
}
