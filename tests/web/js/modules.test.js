import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../web/static/", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));

/** @param {string} file @returns {string[]} what it imports, from the root */
function importsOf(file) {
  const source = readFileSync(root + file, "utf8").replace(/\/\*[^]*?\*\//g, "");
  const found = [...source.matchAll(/^(?:import|export)\b[^;]*?["']([^"']+\.js)["'];/gm)];
  return found.map(([, path = ""]) => posix.join(posix.dirname(file), path));
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));

/** @param {string} file @param {string[]} [way] */
function reach(file, way = []) {
  assert.ok(!way.includes(file), `a circle: ${[...way, file].join(" → ")}`);
  /** @type {Set<string>} */
  const reached = new Set([file]);
  for (const next of graph.get(file) ?? []) for (const each of reach(next, [...way, file])) reached.add(each);
  return reached;
}

test("everything imported is there, and nothing in a circle", () => {
  for (const [file, imports] of graph) {
    for (const each of imports) assert.ok(graph.has(each), `${file} imports ${each}, which is not there`);
    reach(file);
  }
});

for (const [page, entry] of /** @type {const} */ ([["index.html", "pages/home.js"], ["room.html", "pages/room.js"]])) {
  test(`${page} asks for all its modules at once`, () => {
    const html = readFileSync(root + page, "utf8");
    const preloaded = [...html.matchAll(/rel="modulepreload" href="\/static\/([^"]+)"/g)].map(([, path]) => path);
    const needed = [...reach(entry)].filter((file) => file !== entry);
    assert.deepEqual(preloaded.toSorted(), needed.toSorted());
  });
}

/** What each folder may import; what is not listed may import everything. */
const layers = /** @type {Record<string, string[]>} */ ({
  base: ["base"],
  text: ["text"],
  layout: ["layout"],
  protocol: ["base", "protocol"],
  rtc: ["base", "rtc", "text"],
  state: ["base", "protocol", "rtc", "state"],
  components: ["components", "layout", "text"],
});

for (const [folder, allowed] of Object.entries(layers)) {
  test(`${folder} imports only from ${allowed.join(", ") || "nowhere"}`, () => {
    for (const [file, imports] of graph) {
      if (!file.startsWith(`${folder}/`)) continue;
      for (const each of imports) assert.ok(allowed.includes(each.split("/")[0] ?? ""), `${file} imports ${each}`);
    }
  });
}

test("protocol, rtc and state never touch the document", () => {
  for (const file of files.filter((each) => /^(protocol|rtc|state)\//.test(each))) {
    assert.doesNotMatch(readFileSync(root + file, "utf8"), /\bdocument\.\w|\bHTML\w*Element\b/, file);
  }
});

for (const [page, entry] of /** @type {const} */ ([["index.html", "pages/home.js"], ["room.html", "pages/room.js"]])) {
  test(`${page} holds every icon it shows`, () => {
    const held = [...readFileSync(root + page, "utf8").matchAll(/<symbol id="icon-([\w-]+)"/g)].map(([, name]) => name);
    const source = [...reach(entry)].map((file) => readFileSync(root + file, "utf8")).join("\n");
    const shown = [...source.matchAll(/\bicon(?:\(|: )"([\w-]+)"|\b(?:on|off|symbol): "([\w-]+)"/g)].map(([, a, b]) => a ?? b ?? "");
    assert.ok(shown.length > 0);
    for (const name of shown) assert.ok(held.includes(name), name);
  });
}

test("markup is never made from text", () => {
  for (const file of files) {
    assert.doesNotMatch(readFileSync(root + file, "utf8"), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, file);
  }
});

test("files stay small", () => {
  for (const file of files) {
    const lines = readFileSync(root + file, "utf8").split("\n").length;
    assert.ok(lines <= 350, `${file} has ${lines} lines`);
  }
});

test("pages have no script or style of their own, which the content security policy forbids", () => {
  for (const page of ["index.html", "room.html"]) {
    const html = readFileSync(root + page, "utf8");
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  }
});
