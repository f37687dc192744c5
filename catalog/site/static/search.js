// The search of published pages, where no server answers: words and filters over the list in search-index.js.
"use strict";
const query = (new URLSearchParams(location.search).get("q") || "").trim();
const FILTER = /^(-?)(type|kind|namespace|ns|owner|tier|tag|is|health|freshness|column):(.+)$/i;
const SAME = { kind: "type", ns: "namespace", health: "is", freshness: "is" };

const read = (text) => {
  const words = [], filters = [];
  for (const [part] of text.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    const filter = FILTER.exec(part);
    const bare = (word) => word.replaceAll('"', "").toLowerCase();
    if (filter) filters.push([SAME[filter[2].toLowerCase()] || filter[2].toLowerCase(), bare(filter[3]), filter[1] === "-"]);
    else words.push(bare(part));
  }
  return { words, filters };
};
const passes = (row, [key, value, not]) => {
  const has = (key === "type" ? [row.type, row.kind] : [].concat(row[key] ?? [])).map((word) => String(word).toLowerCase());
  return has.some((word) => word === value || (key === "column" && word.includes(value))) !== not;
};
// Nearest first: the whole name, its beginning, a word's beginning, anywhere in it, in what is said about it.
const near = (row, word) => {
  const name = row.name.toLowerCase();
  if (name === word || row.of.toLowerCase().split(" ").some((whole) => whole.split("@")[0] === word)) return 100;
  if (name.startsWith(word)) return 60;
  if (name.split(/[^a-z0-9]+/).some((part) => part.startsWith(word))) return 40;
  if (name.includes(word)) return 25;
  return `${row.about} ${row.owner} ${row.tag.join(" ")} ${row.of}`.toLowerCase().includes(word) ? 8 : 0;
};
const found = ({ words, filters }) =>
  CATALOG.filter((row) => filters.every((filter) => passes(row, filter)))
    .map((row) => [words.reduce((sum, word) => (sum && near(row, word) ? sum + near(row, word) : 0), words.length ? 1 : 0) || (words.length ? 0 : 1), row])
    .filter(([score]) => score)
    .sort(([a, one], [b, other]) => b - a || (one.kind === "column") - (other.kind === "column") || other.use - one.use || (one.name < other.name ? -1 : 1));

const make = (name, attributes, ...inner) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inner);
  return element;
};
const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon k-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `#i-${name}`);
  return svg;
};
const hit = ([, row]) => make("li", { class: "hit" }, icon(row.icon),
  make("div", {}, make("h2", {}, make("a", { href: row.to }, row.name)), make("p", {}, row.about.slice(0, 180)),
    make("p", { class: "small" }, `${row.kind} · `, make("span", { class: "mono" }, row.of.split(" ").pop()), row.owner ? ` · ${row.owner}` : "")),
  make("div", { class: "badges" }, ...row.is.filter((word) => ["failing", "warning", "healthy", "stale", "drifted"].includes(word)).map((word) => make("span", { class: `badge ${word}` }, make("i", { "aria-hidden": "true" }), word))));

if (query) {
  const hits = found(read(query));
  document.getElementById("q").value = query;
  document.getElementById("asked").textContent = `“${query}”`;
  document.getElementById("total").replaceChildren(`${hits.length} ${hits.length === 1 ? "match" : "matches"}${hits.length > 60 ? ", the first 60 shown" : ""}. `, make("a", { href: "search.html" }, "Clear"));
  document.getElementById("hits").replaceChildren(hits.length ? make("ol", { class: "hits", "aria-label": "Results" }, ...hits.slice(0, 60).map(hit)) : make("div", { class: "card" }, make("h2", {}, "Nothing matches"), make("p", {}, make("a", { href: "search.html" }, "Browse everything"))));
  for (const link of document.querySelectorAll(".facets a")) {
    const token = new URL(link.href).searchParams.get("q");
    const parts = query.split(/\s+/);
    const chosen = parts.includes(token);
    if (chosen) link.setAttribute("aria-current", "true");
    link.search = "?q=" + encodeURIComponent((chosen ? parts.filter((part) => part !== token) : [...parts, token]).join(" "));
  }
}
