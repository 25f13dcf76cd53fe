// Builds the pages into dist/: hashed names under dist/assets/, index.html beside them, and the weight of each page held
// to its budget.

import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { types } from "./sdk/types.mjs";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "dist");

/** What a page may weigh, in bytes after brotli: its scripts, its styles and the document. */
const BUDGETS = {
  home: 60_000,
  room: 80_000,
  watch: 47_000,
  stats: 60_000,
  trust: 42_000,
  reachability: 42_000,
  camera: 45_000,
  devices: 40_000,
  recordings: 41_000,
  pushes: 45_000,
  studio: 48_000,
  "sign-in": 36_000,
  me: 38_000,
  people: 39_000,
  audit: 34_000,
  settings: 52_000,
  update: 38_000,
  setup: 56_000,
};
/** What the chat weighs beside the page of a call, which loads it when it is there. */
const CHAT_BUDGET = 12_000;
/** What other sites load, in the same measure: the library, and the page in a frame. */
const SDK_BUDGET = 20_000;
/** The package of the library, for those who bundle it. */
const PACKAGE = join(root, "sdk/dist");
const ENTRY = "src/ui/main.tsx";

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });

const common = {
  absWorkingDir: root,
  bundle: true,
  target: ["chrome110", "firefox115", "safari16"],
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

const { metafile } = await esbuild.build({
  ...common,
  entryPoints: { main: ENTRY, style: "src/ui/style/index.css", lantern: "src/ui/parts/lantern.svg" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  splitting: true,
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "copy" },
  define: { "process.env.NODE_ENV": '"production"' },
});

// What other sites load, under names that stay: as a module, as a plain script, and the player that falls back to LL-HLS.
const NOTICE = "/* Porchlight, MIT OR Apache-2.0. Icons: Lucide, ISC. Licences: /assets/licences.txt on the box. */";
const sdk = { ...common, entryPoints: ["src/sdk/index.ts"], banner: { js: NOTICE } };
const plain = { ...sdk, format: "iife", globalName: "Porchlight" };
await esbuild.build({ ...sdk, format: "esm", outfile: join(out, "sdk/porchlight.js") });
await esbuild.build({ ...plain, outfile: join(out, "sdk/porchlight.global.js") });
await esbuild.build({
  ...common,
  entryPoints: ["node_modules/hls.js/dist/hls.mjs"],
  format: "esm",
  banner: { js: "/* hls.js, Apache-2.0. Licence: /assets/licences.txt on the box. */" },
  outfile: join(out, "sdk/hls.js"),
});
const { metafile: framed } = await esbuild.build({
  ...common,
  entryPoints: { embed: "src/sdk/embed.ts", "embed-style": "src/sdk/embed.css" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  splitting: true,
  format: "esm",
});

/** The output file made from one source file, as a path below dist/. */
function made(source, build = metafile) {
  for (const [path, output] of Object.entries(build.outputs)) {
    const from = output.entryPoint ?? Object.keys(output.inputs)[0];
    if (from === source) return relative("dist", path);
  }
  throw new Error(`nothing was built from ${source}`);
}

const main = made(ENTRY);
const style = made("src/ui/style/index.css");
const icon = made("src/ui/parts/lantern.svg");
const embed = made("src/sdk/embed.ts", framed);
const embedStyle = made("src/sdk/embed.css", framed);

/** Writes a document whose `{{words}}` stand for files. */
async function document(name, template, files) {
  const html = await readFile(join(root, template), "utf8");
  await writeFile(
    join(out, name),
    html.replace(/\{\{(\w+)\}\}/g, (_, word) => `/${files[word]}`),
  );
}
await document("index.html", "src/ui/index.html", { main, style, icon });
await document("embed.html", "src/sdk/embed.html", { main: embed, style: embedStyle });

// Whoever gets the pages gets the licences of what is in them.
const licences = [
  ["preact", "node_modules/preact/LICENSE"],
  ["@preact/signals", "node_modules/@preact/signals/LICENSE"],
  ["hls.js", "node_modules/hls.js/LICENSE"],
  ["Lucide icons", "src/ui/parts/lucide-license.txt"],
];
const texts = licences.map(async ([name, path]) => `${name}\n\n${await readFile(join(root, path), "utf8")}`);
await writeFile(join(out, "assets/licences.txt"), (await Promise.all(texts)).join("\n\n----\n\n"));

// The package: the same library, with its types, licences, and nothing else.
await rm(PACKAGE, { recursive: true, force: true });
await mkdir(PACKAGE, { recursive: true });
// Not minified: whoever bundles it does that, and the comments for bundlers stay.
await esbuild.build({ ...sdk, minify: false, format: "esm", outfile: join(PACKAGE, "porchlight.js") });
await cp(join(out, "sdk/porchlight.global.js"), join(PACKAGE, "porchlight.global.js"));
for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) await cp(join(root, "..", name), join(PACKAGE, name));
await cp(join(root, "src/ui/parts/lucide-license.txt"), join(PACKAGE, "LICENSE-lucide"));
await types(root, join(PACKAGE, "types"));

// Compressed once, here: the box serves these files as they are.
const below = async folder => (await readdir(join(out, folder))).map(name => `${folder}/${name}`);
for (const name of ["index.html", "embed.html", ...(await below("assets")), ...(await below("sdk"))]) {
  const bytes = await readFile(join(out, name));
  await writeFile(join(out, `${name}.br`), brotliCompressSync(bytes));
  await writeFile(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}

/** A script and everything it imports at once; what it imports later is another matter. */
function withImports(path, seen = new Set(), build = metafile) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const wanted of build.outputs[join("dist", path)].imports) {
    if (wanted.kind === "import-statement") withImports(relative("dist", wanted.path), seen, build);
  }
  return seen;
}

const weigh = async path => brotliCompressSync(await readFile(join(out, path))).length;

let heavy = false;
async function hold(name, files, budget) {
  let total = 0;
  for (const file of files) total += await weigh(file);
  const verdict = total > budget ? "too heavy" : "ok";
  console.log(
    `${name.padEnd(6)} ${(total / 1000).toFixed(1).padStart(6)} KB of ${budget / 1000} KB brotli  ${verdict}`,
  );
  heavy ||= total > budget;
}
for (const [page, budget] of Object.entries(BUDGETS)) {
  const files = withImports(main);
  withImports(made(`src/ui/${page}/page.tsx`), files);
  await hold(page, files.add(style).add("index.html"), budget);
}
{
  const page = withImports(made("src/ui/room/page.tsx"), withImports(main));
  const chat = [...withImports(made("src/ui/chat/calling.tsx"))].filter(file => !page.has(file));
  await hold("chat", chat, CHAT_BUDGET);
}
await hold("sdk", ["sdk/porchlight.js"], SDK_BUDGET);
await hold("embed", [...withImports(embed, new Set(), framed), embedStyle, "embed.html"], SDK_BUDGET);
console.log(
  `player ${((await weigh("sdk/hls.js")) / 1000).toFixed(1).padStart(6)} KB brotli, loaded where WebRTC does not do`,
);
if (heavy) {
  console.error("A page is over its budget.");
  process.exitCode = 1;
}
