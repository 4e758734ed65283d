// Style sheets of what is shown now and then: each is loaded when it is first needed.
const sheets = new Map();

/** stylesheet loads one; the promise is kept once it is there, or cannot be had. */
export function stylesheet(href) {
  if (!sheets.has(href)) {
    sheets.set(href, new Promise((done) => {
      const link = Object.assign(document.createElement("link"), {rel: "stylesheet", href, onload: done, onerror: done});
      document.head.append(link);
    }));
  }
  return sheets.get(href);
}
