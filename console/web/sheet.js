// A dialog over the page, at its right: one stream or one defect in full.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {html} from "./html.js";

/** Sheet has a title, which `id` names, with what stands before and after it. A click beside it closes it, and Esc. */
export function Sheet({id, before, title, after, onClose, children}) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} class="detail" aria-labelledby=${id} onClose=${onClose} onClick=${(e) => e.target === dialog.current && dialog.current.close()}>
    <div class="sheet">
      <header>
        ${before}
        <h2 id=${id}>${title}</h2>
        ${after}
        <button type="button" onClick=${() => dialog.current.close()} aria-label="Close">✕</button>
      </header>
      ${children}
    </div>
  </dialog>`;
}
