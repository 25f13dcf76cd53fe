// Builds the pages into dist/: hashed names under dist/assets/, index.html beside them, and the weight of each page held
// to its budget.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "dist");

/** What a page may weigh, in bytes after brotli: its scripts, its styles and the document. */
const BUDGETS = { home: 60_000, room: 80_000, watch: 40_000 };
const ENTRY = "src/ui/main.tsx";

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });

const { metafile } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: { main: ENTRY, style: "src/ui/style/index.css", lantern: "src/ui/parts/lantern.svg" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome110", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "copy" },
  define: { "process.env.NODE_ENV": '"production"' },
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

/** The output file made from one source file, as a path below dist/. */
function made(source) {
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const from = output.entryPoint ?? Object.keys(output.inputs)[0];
    if (from === source) return relative("dist", path);
  }
  throw new Error(`nothing was built from ${source}`);
}

const main = made(ENTRY);
const style = made("src/ui/style/index.css");
const icon = made("src/ui/parts/lantern.svg");
const template = await readFile(join(root, "src/ui/index.html"), "utf8");
const html = template
  .replaceAll("{{main}}", `/${main}`)
  .replaceAll("{{style}}", `/${style}`)
  .replaceAll("{{icon}}", `/${icon}`);
await writeFile(join(out, "index.html"), html);

// Whoever gets the pages gets the licences of what is in them.
const licences = [
  ["preact", "node_modules/preact/LICENSE"],
  ["@preact/signals", "node_modules/@preact/signals/LICENSE"],
  ["hls.js", "node_modules/hls.js/LICENSE"],
  ["Lucide icons", "src/ui/parts/lucide-license.txt"],
];
const texts = licences.map(async ([name, path]) => `${name}\n\n${await readFile(join(root, path), "utf8")}`);
await writeFile(join(out, "assets/licences.txt"), (await Promise.all(texts)).join("\n\n----\n\n"));

// Compressed once, here: the box serves these files as they are.
for (const name of ["index.html", ...(await readdir(join(out, "assets"))).map(name => `assets/${name}`)]) {
  const bytes = await readFile(join(out, name));
  await writeFile(join(out, `${name}.br`), brotliCompressSync(bytes));
  await writeFile(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}

/** A script and everything it imports at once; what it imports later is another matter. */
function withImports(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const wanted of metafile.outputs[join("dist", path)].imports) {
    if (wanted.kind === "import-statement") withImports(relative("dist", wanted.path), seen);
  }
  return seen;
}

const weigh = async path => brotliCompressSync(await readFile(join(out, path))).length;

let heavy = false;
for (const [page, budget] of Object.entries(BUDGETS)) {
  const files = withImports(main);
  withImports(made(`src/ui/${page}/page.tsx`), files);
  files.add(style).add("index.html");
  let total = 0;
  for (const file of files) total += await weigh(file);
  const verdict = total > budget ? "too heavy" : "ok";
  console.log(
    `${page.padEnd(6)} ${(total / 1000).toFixed(1).padStart(6)} KB of ${budget / 1000} KB brotli  ${verdict}`,
  );
  heavy ||= total > budget;
}
const player = made("node_modules/hls.js/dist/hls.mjs");
console.log(
  `player ${((await weigh(player)) / 1000).toFixed(1).padStart(6)} KB brotli, loaded when a broadcast is watched`,
);
if (heavy) {
  console.error("A page is over its budget.");
  process.exitCode = 1;
}
