// Kiosk: a page for a screen on the wall that nobody touches. Nothing but the page, larger, on a screen that stays awake; it stands in the address and so survives a reload.
import {useEffect} from "./vendor/preact-hooks.js";
import {html} from "./html.js";
import {choose} from "./view.js";

/** awake keeps the screen on while the page is in sight; it returns how to stop. Where the browser cannot, or only does over HTTPS, the screen's own settings have to. */
function awake() {
  let lock = null, ended = false;
  const keep = async () => {
    if (document.hidden || ended || (lock && !lock.released)) return;
    lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (ended) lock?.release();
  };
  document.addEventListener("visibilitychange", keep);
  keep();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", keep);
    lock?.release();
  };
}

/** Kiosk has the page alone on the screen. */
export function Kiosk({children}) {
  useEffect(() => {
    const root = document.documentElement;
    const pressed = (e) => e.key === "Escape" && choose({kiosk: ""});
    root.classList.add("kiosk");
    addEventListener("keydown", pressed);
    const sleep = awake();
    return () => {
      root.classList.remove("kiosk");
      removeEventListener("keydown", pressed);
      sleep();
    };
  }, []);
  return html`${children}<p class="leave">Esc leaves the kiosk</p>`;
}
