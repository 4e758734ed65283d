// Who looks: their name and role, which say what they may do here. The server decides; the page only does not offer what it would refuse.
import {computed, signal} from "./vendor/signals.js";
import {getJSON} from "./feed.js";
import {html} from "./html.js";

const me = signal(null);

/** mayAct tells whether the viewer may acknowledge, mute and judge; while that is not known it is offered. */
export const mayAct = computed(() => me.value === null || me.value.role !== "viewer");

/** isAdmin tells the same of what all see: rules. */
export const isAdmin = computed(() => me.value === null || me.value.role === "admin");

export function loadMe() {
  getJSON("api/v1/me").then((who) => (me.value = who), () => {});
}

async function signOut() {
  await fetch("auth/logout", {method: "POST"}).catch(() => {});
  location.assign("auth/signed-out");
}

/** Me names the viewer, where anybody is asked for a name, and lets them sign out of what they signed in to. */
export function Me() {
  const who = me.value;
  if (!who || who.way === "loopback") return null;
  return html`<span class="me" title=${`${who.role}, by ${who.way}`}><bdi>${who.name}</bdi></span>
    ${who.way === "oidc" && html`<button type="button" class="chip" onClick=${signOut}>Sign out</button>`}`;
}
