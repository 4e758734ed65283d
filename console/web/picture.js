// The newest picture of a stream with its age: fetched while it can be seen, marked when it is old.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useComputed, useSignal} from "./vendor/signals.js";
import {now, span} from "./clock.js";
import {html} from "./html.js";

/** A picture older than this is no longer news: microseconds. */
const oldAfter = 10e6;

/** What is shown may still be loaded for a moment after it has been replaced: milliseconds. */
const loadingTime = 5000;

/** What only passes through the view, as one scrolls, is not asked for: milliseconds. */
const passingTime = 100;

/** release lets go of a picture that has been replaced. */
const release = (url) => url && setTimeout(() => URL.revokeObjectURL(url), loadingTime);

/**
 * Picture shows stream id, asking again each `every` milliseconds. `sound`, a signal, gets the levels of the sound that came with it, as the API
 * writes them. The age is written without anything else being drawn again.
 */
export function Picture({id, every, sound}) {
  const frame = useRef(null);
  const shown = useSignal({url: "", taken: 0, asked: false});
  const old = useComputed(() => now.value - shown.value.taken > oldAfter);
  const age = useComputed(() => (old.value ? `picture is ${span(now.value - shown.value.taken)} old` : span(now.value - shown.value.taken)));
  const pace = useRef(every);
  pace.current = every;
  useEffect(() => watch(frame.current, {id, pace, shown, sound}), [id]);
  const {url, asked} = shown.value;
  return html`<div class="picture ${old.value ? "old" : ""}" ref=${frame}>
    ${url ? html`<img src=${url} alt="" decoding="async"/><span class="age">${age}</span>` : asked && html`<span class="none">No picture</span>`}
  </div>`;
}

/** watch keeps what is shown up to date while element is in view and the page is; it returns how to stop. */
function watch(element, picture) {
  const left = new AbortController();
  let timer, visible = false;
  const again = (after) => {
    clearTimeout(timer);
    if (visible && !left.signal.aborted) timer = setTimeout(refresh, after);
  };
  async function refresh() {
    try {
      if (!document.hidden) await load(picture, left.signal);
    } finally {
      again(picture.pace.current);
    }
  }
  const observer = new IntersectionObserver(([seen]) => {
    visible = seen.isIntersecting;
    again(passingTime);
  }, {rootMargin: "100px"});
  observer.observe(element);
  return () => {
    left.abort();
    clearTimeout(timer);
    observer.disconnect();
    release(picture.shown.peek().url);
  };
}

/** load takes the latest picture; when there is none, the last one stays and grows old. */
async function load({id, shown, sound}, left) {
  const answer = await fetch(`api/v1/streams/${encodeURIComponent(id)}/picture`, {signal: left}).catch(() => null);
  if (left.aborted) return;
  if (answer?.status !== 200) {
    if (sound) sound.value = "";
    if (!shown.peek().asked) shown.value = {...shown.peek(), asked: true};
    return;
  }
  const taken = Number(answer.headers.get("Framewatch-Instant"));
  if (sound) sound.value = answer.headers.get("Framewatch-Levels") ?? "";
  if (taken === shown.peek().taken) return;
  const jpeg = await answer.blob().catch(() => null);
  if (jpeg === null || left.aborted) return;
  release(shown.peek().url);
  shown.value = {url: URL.createObjectURL(jpeg), taken, asked: true};
}
