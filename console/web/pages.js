// The pages, in the order in which they are named at the top: each is a module of its own, which is loaded when it is first turned to, and exports Page.
import {useEffect} from "./vendor/preact-hooks.js";
import {useSignal} from "./vendor/signals.js";
import * as attention from "./attention.js";
import {html} from "./html.js";
import {turnTo, view} from "./view.js";

/** pages by the name that stands in the address; key opens one from anywhere. */
export const pages = [
  {name: "", title: "Attention", key: "1", load: async () => attention},
  {name: "wall", title: "Wall", key: "2", load: () => import("./wall.js")},
  {name: "silences", title: "Silences", key: "4", load: () => import("./silences.js")},
  {name: "rules", title: "Rules", key: "5", load: () => import("./rules.js")},
  {name: "streams", title: "Streams", key: "6", load: () => import("./streams.js")},
  {name: "pipeline", title: "Pipeline", key: "7", load: () => import("./pipeline.js")},
  {name: "tap", title: "Tap", key: "8", load: () => import("./tap.js")},
];

/** Contents names the pages. */
export function Contents() {
  if (pages.length === 1) return null;
  return html`<nav class="contents" aria-label="Pages">
    ${pages.map((p) => html`<a key=${p.name} href=${turnTo(p.name)} aria-current=${p.name === view.value.page ? "page" : null}>${p.title}</a>`)}
  </nav>`;
}

/** Page is the one that is turned to; the first where the address names none that there is. */
export function Page() {
  const page = pages.find((p) => p.name === view.value.page) ?? pages[0];
  const turned = useSignal({page: pages[0], component: attention.Page});
  useEffect(() => {
    page.load().then(({Page}) => (turned.value = {page, component: Page}), () => (turned.value = {page, component: Missing}));
  }, [page]);
  const {page: there, component} = turned.value;
  return there === page ? html`<${component} key=${page.name}/>` : html`<main class="page" aria-busy="true"></main>`;
}

function Missing() {
  return html`<main class="page"><p class="banner" role="alert">This page could not be loaded. Is the console still there? Load the page again.</p></main>`;
}
