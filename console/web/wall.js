// The wall: a tile for each stream, be it four or thousands, of which only those near the view are in the document.
import {useEffect, useLayoutEffect, useRef} from "./vendor/preact-hooks.js";
import {useComputed, useSignal} from "./vendor/signals.js";
import {link} from "./feed.js";
import {html} from "./html.js";
import {walker} from "./keys.js";
import {groupsBy, labelled} from "./labels.js";
import {held, layOut, shapeFor, shapeToFit, sizeOf, within} from "./layout.js";
import {loaded, named, needsAttention, ranked, total, turned} from "./store.js";
import {choose, matches, paired, pairs, view} from "./view.js";
import {Tools} from "./walltools.js";
import {GroupHeader, WallTile} from "./walltile.js";

/** What is so near the view is in the document, as a share of its height, and the view is followed in steps of so many pixels. */
const near = 0.5, step = 200;

/** below is the space under the wall: CSS pixels. */
const below = 20;

/** same tells whether two lists have the same members. */
const same = (a, b, equal = Object.is) => a !== undefined && a.length === b.length && a.every((x, i) => equal(x, b[i]));

/** useSteady is a computed list that is a new one only when a member is. */
function useSteady(list, equal) {
  const last = useRef();
  return useComputed(() => {
    const next = list();
    if (!same(last.current, next, equal)) last.current = next;
    return last.current;
  });
}

/** wanted are the streams to be shown, in order. */
function wanted() {
  turned.value;
  const {lamp, sort} = view.value;
  const order = sort === "worst" ? ranked.value : named.value;
  return order.filter((e) => matches(e.id) && labelled(e) && (!lamp || e.lamp.peek() === lamp));
}

/** grouped are streams in their groups. One in which all are well is folded, unless somebody has unfolded it. */
function grouped(entries) {
  turned.value;
  const {group, fold} = view.value;
  if (!group) return [{key: null, entries, open: true}];
  const byHand = pairs(fold);
  return groupsBy(entries, group).map(([key, entries]) => {
    const bad = entries.some(needsAttention);
    return {key, entries, open: Object.hasOwn(byHand, key) ? byHand[key] === "1" : bad, usual: bad};
  });
}

/** folded is the choice after a group has been folded or unfolded: what is usual is not kept. */
function folded({key, open, usual}) {
  const byHand = pairs(view.peek().fold);
  delete byHand[key];
  if (open === usual) byHand[key] = open ? "0" : "1";
  return {fold: paired(byHand)};
}

const sameGroup = (a, b) => a.key === b.key && a.open === b.open && a.usual === b.usual && same(a.entries, b.entries);

/** useSpace follows the width of an element and which part of it is in view: {width, height, from, to}. */
function useSpace(frame) {
  const space = useSignal({width: 0, height: innerHeight, from: 0, to: 0});
  useEffect(() => {
    const look = () => {
      if (!frame.current) return; // the page has just been left
      const {top, width} = frame.current.getBoundingClientRect();
      const from = Math.floor((-top - near * innerHeight) / step) * step;
      const next = {width: Math.floor(width), height: innerHeight - (top + scrollY) - below, from, to: from + Math.ceil(((1 + 2 * near) * innerHeight) / step + 1) * step};
      if (Object.keys(next).some((k) => next[k] !== space.peek()[k])) space.value = next;
    };
    const resized = new ResizeObserver(look);
    resized.observe(frame.current);
    addEventListener("scroll", look, {passive: true});
    addEventListener("resize", look);
    return () => {
      resized.disconnect();
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, []);
  return space;
}

function shapeNow(groups, {width, height}) {
  const {size, kiosk} = view.value;
  if (size === "fit" || (kiosk && !size)) return shapeToFit(width, height, groups);
  return shapeFor(width, sizeOf(size));
}

export function Page() {
  const frame = useRef(null);
  const space = useSpace(frame);
  const entries = useSteady(wanted);
  const groups = useSteady(() => grouped(entries.value), sameGroup);
  const shape = useComputed(() => shapeNow(groups.value, space.value));
  const layout = useComputed(() => layOut(groups.value, shape.value));
  const focus = useFocus(frame, layout);
  useHold(frame, layout);
  return html`<main class="page wall-page">
    <h2 class="herald">Wall</h2>
    ${!view.value.kiosk && html`<${Tools} shown=${entries.value.length}/>`}
    ${entries.value.length === 0 && html`<p class="calm">${nothing()}</p>`}
    <ul class="wall" ref=${frame} style=${{height: `${layout.value.height}px`}}>
      ${space.value.width > 0 && html`<${Tiles} layout=${layout} shape=${shape} space=${space} focus=${focus}/>`}
    </ul>
  </main>`;
}

function nothing() {
  if (!loaded.value) return link.value.state === "lost" ? "Not known: there is no connection to the console." : "Loading …";
  return total.value === 0 ? "No streams yet. Name some in framewatch.yaml, or add them with framewatch streams apply." : "No stream matches.";
}

/** Tiles are those near the view, and the one that has the focus wherever it is. */
function Tiles({layout, shape, space, focus}) {
  useLayoutEffect(focus.keep);
  const {items} = layout.value, {width, pictures, lines, columns, height, gap} = shape.value, {from, to} = space.value;
  const inView = Math.min(items.length, columns * Math.ceil(innerHeight / (height + gap)));
  const places = new Map(items.filter((i) => i.entry).map((i, n) => [i.key, n + 1]));
  return within(items, from, to, focus.key.value).map((i) => i.entry
    ? html`<${WallTile} key=${i.key} entry=${i.entry} left=${i.left} top=${i.top} width=${width} height=${height} pictures=${pictures} lines=${lines} inView=${inView} n=${places.get(i.key)} of=${places.size}/>`
    : html`<${GroupHeader} key=${i.key} label=${view.value.group} value=${i.group.key} entries=${i.group.entries} open=${i.group.open} top=${i.top} onFold=${() => choose(folded(i.group))}/>`);
}

/** useHold has nothing jump when groups above the view fold or unfold. */
function useHold(frame, layout) {
  const before = useRef(null);
  useLayoutEffect(() => {
    const last = before.current;
    before.current = layout.value;
    if (!frame.current) return;
    const y = -frame.current.getBoundingClientRect().top;
    if (!last || last === layout.value || y <= 0) return;
    const by = held(last, layout.value, y) - y;
    if (by !== 0) scrollBy({top: by, behavior: "instant"});
  });
}

/**
 * useFocus tells which tile has the focus, by its key. It stays in the document while it has it and keeps it when tiles change their places; keys go on from
 * it. keep is called when tiles have been drawn.
 */
function useFocus(frame, layout) {
  const key = useSignal(""), asked = useRef(false), last = useRef("");
  const focus = useRef(null);
  focus.current ??= {
    key,
    keep() {
      const tile = key.peek() && frame.current?.querySelector(`[data-key="${CSS.escape(key.peek())}"]`);
      if (!tile) return;
      const {left, top} = tile.parentElement.style, place = `${left} ${top}`;
      // One that is moved within the document either loses the focus, and nothing else gets it, or the browser scrolls to where it has gone.
      const moved = document.activeElement === document.body || (document.activeElement === tile && place !== last.current);
      last.current = place;
      if (!asked.current && !moved) return;
      tile.blur();
      tile.focus({preventScroll: true});
      if (asked.current) tile.scrollIntoView({block: "nearest"});
      asked.current = false;
    },
  };
  useEffect(() => {
    const follow = (e) => (key.value = e.target.closest?.(".wall .tile > a")?.dataset.key ?? "");
    document.addEventListener("focusin", follow);
    document.addEventListener("pointerdown", follow);
    walker.step = (by) => {
      const tiles = layout.peek().items.filter((i) => i.entry);
      const at = tiles.findIndex((i) => i.key === key.peek());
      const next = tiles[at < 0 ? (by > 0 ? 0 : tiles.length - 1) : Math.min(Math.max(at + by, 0), tiles.length - 1)];
      asked.current = true;
      if (next?.key === key.peek()) focus.current.keep();
      else if (next) key.value = next.key;
    };
    return () => {
      walker.step = null;
      document.removeEventListener("focusin", follow);
      document.removeEventListener("pointerdown", follow);
    };
  }, []);
  return focus.current;
}
