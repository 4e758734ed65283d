// The sound of a stream as bars, one a channel: filled up to the mean, with a line at the peak.
import {html} from "./html.js";

/** The bars go from so many dBFS to full scale. */
const least = -60;

/** Levels from which on a bar is loud, and from which on its peak is at full scale: dBFS. */
const loud = -9, full = -0.5;

/** channelsOf reads levels as the API writes them: tracks by their index, of each channel RMS and peak in dBFS, such as 1:-20.5/-8.1,-21.0/-9.4;2:-120/-120. */
export function channelsOf(text) {
  return text.split(";").filter(Boolean).flatMap((track, t) => track.slice(track.indexOf(":") + 1).split(",").map((c, i) => {
    const [rms, peak] = c.split("/").map(Number);
    return {rms, peak, first: t > 0 && i === 0};
  }));
}

const bar = (level) => Math.max(0, Math.min(1, 1 - level / least)) * -least;

export function Meters({sound}) {
  const channels = channelsOf(sound.value);
  if (channels.length === 0) return null;
  const loudest = channels.reduce((a, b) => (b.rms > a.rms ? b : a));
  let x = -4;
  return html`<svg class="meters" viewBox=${`0 0 ${channels.length * 4 - 1 + 2 * channels.filter((c) => c.first).length} ${-least}`} preserveAspectRatio="none" role="img"
    aria-label=${`Sound: ${Math.round(loudest.rms)} dBFS, peak ${Math.round(loudest.peak)}`}>
    ${channels.map((c, i) => {
      x += c.first ? 6 : 4;
      return html`<g key=${i}><rect class="scale" x=${x} width="3" height=${-least}/>
        <rect class=${c.rms > loud ? "loud" : "level"} x=${x} width="3" y=${-least - bar(c.rms)} height=${bar(c.rms)}/>
        ${c.peak > least && html`<rect class=${c.peak > full ? "full" : "peak"} x=${x} width="3" y=${-least - bar(c.peak)} height="1.6"/>`}</g>`;
    })}
  </svg>`;
}
