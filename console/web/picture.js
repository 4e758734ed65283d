// The newest picture of a stream with its age: fetched while it can be seen, marked when it is old.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {now, span} from "./clock.js";
import {html} from "./html.js";

/** A picture older than this is no longer news: microseconds. */
const oldAfter = 10e6;

/** What is shown may still be loaded for a moment after it has been replaced: milliseconds. */
const loadingTime = 5000;

/** release lets go of a picture that has been replaced. */
const release = (url) => url && setTimeout(() => URL.revokeObjectURL(url), loadingTime);

/** Picture shows stream id, asking again each `every` milliseconds. */
export function Picture({id, every}) {
  const frame = useRef(null);
  const shown = useSignal({url: "", taken: 0, asked: false});
  useEffect(() => watch(frame.current, id, every, shown), [id, every]);
  const {url, taken, asked} = shown.value;
  const age = now.value - taken;
  const old = age > oldAfter;
  return html`<div class="picture ${old ? "old" : ""}" ref=${frame}>
    ${url ? html`<img src=${url} alt="" decoding="async"/><span class="age">${old ? "picture is " : ""}${span(age)}${old ? " old" : ""}</span>`
      : asked && html`<span class="none">No picture</span>`}
  </div>`;
}

/** watch keeps shown up to date while element is in view and the page is; it returns how to stop. */
function watch(element, id, every, shown) {
  let timer, visible = false, ended = false;
  const again = () => {
    clearTimeout(timer);
    if (visible && !ended) timer = setTimeout(refresh, every);
  };
  async function refresh() {
    try {
      if (!document.hidden) await load(id, shown, () => ended);
    } finally {
      again();
    }
  }
  const observer = new IntersectionObserver(([seen]) => {
    visible = seen.isIntersecting;
    clearTimeout(timer);
    if (visible) refresh();
  }, {rootMargin: "100px"});
  observer.observe(element);
  return () => {
    ended = true;
    clearTimeout(timer);
    observer.disconnect();
    release(shown.peek().url);
  };
}

/** load takes the latest picture; when there is none, the last one stays and grows old. */
async function load(id, shown, ended) {
  const answer = await fetch(`api/v1/streams/${encodeURIComponent(id)}/picture`).catch(() => null);
  if (answer?.status !== 200) {
    if (!shown.peek().asked) shown.value = {...shown.peek(), asked: true};
    return;
  }
  const taken = Number(answer.headers.get("Framewatch-Instant"));
  if (taken === shown.peek().taken) return;
  const url = URL.createObjectURL(await answer.blob());
  if (ended()) {
    URL.revokeObjectURL(url);
    return;
  }
  release(shown.peek().url);
  shown.value = {url, taken, asked: true};
}
