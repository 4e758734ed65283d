// What a profile says and would say: its options with changes laid onto them, and both as YAML.

/** readChanges reads those that stand in the address: kind to option to value, null for back to the default. What cannot be read is none. */
export function readChanges(text) {
  try {
    const read = JSON.parse(text || "{}");
    const isMap = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
    return isMap(read) ? Object.fromEntries(Object.entries(read).filter(([, options]) => isMap(options))) : {};
  } catch {
    return {};
  }
}

/** proposed are the options of a profile with changes. */
export function proposed(profile, changes) {
  const all = structuredClone(profile.rules);
  for (const [kind, options] of Object.entries(changes)) {
    all[kind] = {...all[kind]};
    for (const [name, value] of Object.entries(options)) {
      if (value === null) delete all[kind][name];
      else all[kind][name] = value;
    }
    if (Object.keys(all[kind]).length === 0) delete all[kind];
  }
  return all;
}

/** same tells whether two values are written alike. */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const units = {h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, "µs": 1e-6, ns: 1e-9};

/** isDuration tells whether a text is one, as Go writes them: 1m30s. */
export const isDuration = (text) => typeof text === "string" && /^(0|(\d+(\.\d*)?(h|m|s|ms|us|µs|ns))+)$/.test(text);

const seconds = (text) => [...text.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit], 0);

/** alike tells whether two values mean the same: durations may be written in several ways. */
export const alike = (a, b) => same(a, b) || (isDuration(a) && isDuration(b) && Math.abs(seconds(a) - seconds(b)) < 1e-10);

/** brief leaves out of durations what is none: 1h0m0s is 1h. */
export const brief = (text) => text.replace(/\b(\d+h)0m0s\b|\b((?:\d+h)?\d+m)0s\b/g, "$1$2");

/** shown is a value in a few words. */
export function shown(value) {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (value !== null && typeof value === "object") return Object.keys(value).length === 0 ? "none" : Array.isArray(value) ? value.join(", ") : `${Object.keys(value).length} set`;
  return brief(String(value));
}

/** scalar is a value in YAML: JSON is YAML, and what is plain needs no quotes. */
const scalar = (value) => (typeof value === "string" && /^[a-z_][\w.-]*$|^\d+(\.\d+)?[a-zµ]+[\da-zµ.]*$/i.test(value) && !/^(y|n|yes|no|on|off|true|false|null|\d+e\d+)$/i.test(value) ? value : JSON.stringify(value));

/** yaml are the lines of a profile, as the configuration file has them: {sign, text}, with what is there before and not after signed −, and + the other way round. */
export function yaml(name, before, after) {
  const lines = [{sign: "", text: `${scalar(name)}:`}];
  const part = (indent, key, x, y) => {
    if (same(x, y)) {
      if (x !== undefined) lines.push({sign: "", text: `${indent}${key}: ${scalar(x)}`});
      return;
    }
    if (x !== undefined) lines.push({sign: "−", text: `${indent}${key}: ${scalar(x)}`});
    if (y !== undefined) lines.push({sign: "+", text: `${indent}${key}: ${scalar(y)}`});
  };
  const given = (p) => ({matchers: p?.matchers.length > 0 ? p.matchers : undefined, priority: p?.priority || undefined, rules: p?.rules ?? {}});
  const [x, y] = [given(before), given(after)];
  part("  ", "matchers", x.matchers, y.matchers);
  part("  ", "priority", x.priority, y.priority);
  const kinds = [...new Set([...Object.keys(x.rules), ...Object.keys(y.rules)])].sort();
  lines.push({sign: "", text: kinds.length > 0 ? "  rules:" : "  rules: {}"});
  for (const kind of kinds) {
    const [p, q] = [x.rules[kind], y.rules[kind]];
    lines.push({sign: p && !q ? "−" : q && !p ? "+" : "", text: `    ${kind}:`});
    for (const option of [...new Set([...Object.keys(p ?? {}), ...Object.keys(q ?? {})])].sort()) part("      ", option, p?.[option], q?.[option]);
  }
  return lines;
}
