// A figure over time: the least and the largest of each step, with a line where nothing is known left open. Drawn by uPlot, which is loaded with the first plot.
import {useEffect, useRef} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import {timeOfDay, zone} from "./clock.js";
import {html} from "./html.js";
import {stylesheet} from "./stylesheet.js";

const second = 1e6;

/** written is a figure with as many digits as say something. */
export function written(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * Plot draws series {name, part, unit, at, min, max} between two instants. Plots with one `sync` have one cursor. `levels` are lines, {at, name};
 * `spans` are shaded, {from, to}, `marked` is an instant; onZoom gets the instants between which the viewer has drawn, onPick the one on which they have clicked.
 */
export function Plot({series, from, to, sync, levels = [], spans = [], marked, onZoom, onPick, height = 130}) {
  const box = useRef(null);
  const read = useSignal(null);
  useEffect(() => {
    const place = box.current;
    let plot, ended = false;
    const draw = async () => {
      const [{default: uPlot}] = await Promise.all([import("./vendor/uplot.js"), stylesheet("vendor/uplot.css")]);
      if (ended) return;
      plot?.destroy();
      const options = optionsOf(uPlot, {series, from, to, sync, levels, spans, marked, onZoom, height, width: place.clientWidth, read});
      plot = new uPlot(options, [series.at.map((t) => t / second), series.min, series.max], place);
    };
    const resized = new ResizeObserver(() => plot && plot.setSize({width: place.clientWidth, height}));
    resized.observe(place);
    // On the way down, since uPlot keeps the clicks that end a drag to itself, and what it takes for one.
    let pressed = 0;
    const press = (e) => (pressed = e.clientX);
    const click = (e) => {
      if (!onPick || !plot?.over.contains(e.target) || Math.abs(e.clientX - pressed) > 4) return;
      onPick(Math.round(plot.posToVal(e.clientX - plot.over.getBoundingClientRect().left, "x") * second));
    };
    place.addEventListener("mousedown", press, true);
    place.addEventListener("click", click, true);
    draw();
    return () => {
      ended = true;
      resized.disconnect();
      place.removeEventListener("mousedown", press, true);
      place.removeEventListener("click", click, true);
      plot?.destroy();
    };
  }, [series, from, to, zone.value, marked]);
  const known = [...series.min, ...series.max].filter((v) => v !== null);
  const range = known.length > 0 ? `${written(Math.min(...known))} to ${written(Math.max(...known))} ${series.unit}` : "nothing is known";
  const at = read.value;
  return html`<figure class="plot">
    <figcaption><b>${series.name.replaceAll("_", " ")}</b>${series.part && ` ${series.part}`} <span>${series.unit}</span>
      <output>${at ? `${timeOfDay(at.at)}  ${at.min === at.max ? written(at.min) : `${written(at.min)} … ${written(at.max)}`}` : range}</output>
    </figcaption>
    <div ref=${box} role="img" aria-label=${`${series.name}: ${range}`}></div>
  </figure>`;
}

function optionsOf(uPlot, {series, from, to, sync, levels, spans, marked, onZoom, height, width, read}) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const line = colour("--focus"), dim = colour("--dim"), grid = colour("--edge");
  const axis = {stroke: dim, grid: {stroke: grid, width: 1}, ticks: {show: false}, font: "11px system-ui"};
  return {
    width, height, legend: {show: false},
    tzDate: (t) => (zone.peek() === "UTC" ? uPlot.tzDate(new Date(t * 1000), "Etc/UTC") : new Date(t * 1000)),
    scales: {x: {range: [from / second, to / second]}, y: {range: (_, low, high) => rangeOf(low, high, levels)}},
    axes: [{...axis, space: 70, size: 26, values: (_, splits) => splits.map((t) => timeOfDay(t * second).slice(-8))}, {...axis, size: 56, values: (_, splits) => splits.map(written)}],
    series: [{}, {stroke: line, width: 1, points: {show: false}}, {stroke: line, width: 1, points: {show: false}}],
    bands: [{series: [2, 1], fill: `color-mix(in srgb, ${line} 25%, transparent)`}],
    cursor: {sync: sync ? {key: sync} : undefined, y: false, points: {show: false}, drag: {x: Boolean(onZoom), y: false, setScale: false}},
    hooks: {
      drawClear: [(u) => spans.forEach((s) => shade(u, s, colour("--firing")))],
      draw: [(u) => levels.forEach((l, i) => rule(u, l, colour("--pending"), i)), (u) => marked > from && marked < to && mark(u, marked, colour("--text"))],
      setCursor: [({cursor: {idx}}) => (read.value = idx === null || idx === undefined ? null : {at: series.at[idx], min: series.min[idx], max: series.max[idx]})],
      setSelect: [(u) => {
        const {left, width: wide} = u.select;
        if (wide > 4 && onZoom) onZoom(Math.round(u.posToVal(left, "x") * second), Math.round(u.posToVal(left + wide, "x") * second));
      }],
    },
  };
}

/** rangeOf is what the ordinate shows: all values and levels, with some room. */
function rangeOf(low, high, levels) {
  const values = [low, high, ...levels.map((l) => l.at)].filter(Number.isFinite);
  if (values.length === 0) return [0, 1];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  return [least - room, most + room];
}

function shade(u, {from, to}, colour) {
  const [left, right] = [from, to].map((t) => Math.min(Math.max(u.valToPos(t / second, "x", true), u.bbox.left), u.bbox.left + u.bbox.width));
  u.ctx.save();
  u.ctx.globalAlpha = 0.18;
  u.ctx.fillStyle = colour;
  u.ctx.fillRect(left, u.bbox.top, Math.max(right - left, 1), u.bbox.height);
  u.ctx.restore();
}

/** mark draws an instant. */
function mark(u, at, colour) {
  const x = u.valToPos(at / second, "x", true);
  u.ctx.save();
  u.ctx.strokeStyle = colour;
  u.ctx.lineWidth = 2;
  u.ctx.beginPath();
  u.ctx.moveTo(x, u.bbox.top);
  u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
  u.ctx.stroke();
  u.ctx.restore();
}

/** rule draws a level with its name: of the first at the left, of the others further to the right. */
function rule(u, {at, name}, colour, place) {
  const y = u.valToPos(at, "y", true);
  u.ctx.save();
  u.ctx.strokeStyle = u.ctx.fillStyle = colour;
  u.ctx.setLineDash([6, 4]);
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.textAlign = "left";
  u.ctx.textBaseline = "bottom";
  u.ctx.fillText(`${name} ${written(at)}`, u.bbox.left + (4 + 110 * place) * devicePixelRatio, y - 2);
  u.ctx.restore();
}
