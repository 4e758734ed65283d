// Preact bound to htm: html`<p>…</p>` makes elements. Text is text: nothing that is put in is ever read as markup.
import htm from "./vendor/htm.js";
import {h} from "./vendor/preact.js";

export const html = htm.bind(h);
