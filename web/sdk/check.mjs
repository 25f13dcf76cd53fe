// Holds the npm package to its promises: what is in it, no dependencies, types in every module resolution, and that
// bundlers and servers take it. After `npm run build`.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const json = async path => JSON.parse(await readFile(join(here, path), "utf8"));

/** A page that uses all of it, as whoever bundles it writes it. */
const CONSUMER = `
import { PorchlightPlayer, publish, Room, show, Watch, watch, type PlayerState } from "@porchlight/client";

const player: PorchlightPlayer = watch("https://box.example/b/0123456789abcdef", document.querySelector("#live"));
const state: PlayerState | "idle" = player.state;
player.addEventListener("statechange", () => console.log(state, player.latency?.toFixed(1)));
document.querySelector("porchlight-participant")?.participant?.name.trim();
show("https://box.example/r/room#invite=secret", document.body, { participant: "Ada" });
const publisher = publish("https://box.example/r/room#invite=secret", { element: document.body, name: "Ada" });
publisher.consent(false).then(() => publisher.hangUp());
new Watch("0123456789abcdef", document.createElement("video"), {}, "https://box.example").start();
new Room({ room: "room", name: "Ada", base: "https://box.example", token: "secret" }, {}).join();
// @ts-expect-error: there is no such option
publish("https://box.example/r/room#invite=secret", { element: document.body, colour: "red" });
`;

const described = await json("package.json");
const version = /^version = "(.*)"$/m.exec(await readFile(join(here, "../../Cargo.toml"), "utf8"))[1];
assert.equal(described.version, version, "the package has the version of the box");
for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies", "scripts"]) {
  assert.equal(described[kind], undefined, `the package has no ${kind}`);
}

const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--loglevel=error"], {
  cwd: here,
  encoding: "utf8",
});
const [{ files, unpackedSize }] = [JSON.parse(packed)].flat();
const names = files.map(({ path }) => path).filter(path => !path.startsWith("dist/types/"));
assert.deepEqual(names.sort(), [
  "README.md",
  "dist/LICENSE-APACHE",
  "dist/LICENSE-MIT",
  "dist/LICENSE-lucide",
  "dist/porchlight.global.js",
  "dist/porchlight.js",
  "package.json",
]);
const types = files.map(({ path }) => path).filter(path => path.startsWith("dist/types/"));
assert.ok(types.includes("dist/types/sdk/index.d.ts") && types.every(path => path.endsWith(".d.ts")), types.join(" "));
const targets = Object.values(described.exports).flatMap(target =>
  typeof target === "string" ? target : Object.values(target),
);
for (const target of targets)
  assert.ok(
    files.some(({ path }) => `./${path}` === target),
    `${target} is in the package`,
  );

const folder = await mkdtemp(join(tmpdir(), "porchlight-package-"));
try {
  await mkdir(join(folder, "node_modules/@porchlight"), { recursive: true });
  await symlink(here, join(folder, "node_modules/@porchlight/client"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "page.ts"), CONSUMER);
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const options = { target: "es2022", lib: ["es2022", "dom", "dom.iterable"], strict: true, noEmit: true, types: [] };
    const compilerOptions = { ...options, module, moduleResolution: resolution };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["page.ts"] }));
    const tsc = join(here, "../node_modules/typescript/bin/tsc");
    const run = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
    assert.equal(run.status, 0, `types by ${resolution}: ${run.stdout}`);
  }
  const bundle = { entryPoints: [join(folder, "page.ts")], bundle: true, format: "esm", write: false };
  const { outputFiles } = await esbuild.build({ ...bundle, logLevel: "warning" });
  assert.match(outputFiles[0].text, /porchlight-player/);
  assert.match(await readFile(join(here, "dist/porchlight.js"), "utf8"), /webpackIgnore: true/);
  // Servers that render pages load it, too; there are no elements there.
  const load = 'import("@porchlight/client").then(({ watch }) => process.exit(typeof watch === "function" ? 0 : 1))';
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", load], { cwd: folder, encoding: "utf8" });
  assert.equal(run.status, 0, `on a server: ${run.stderr}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`package ${described.name} ${version}: ${files.length} files, ${Math.round(unpackedSize / 1000)} KB`);
