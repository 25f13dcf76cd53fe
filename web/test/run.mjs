// Runs the tests on plain Node: bundles each `*.test.ts` with esbuild, then hands them to `node --test`.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(join(tmpdir(), "porchlight-web-"));
try {
  const tests = (await readdir(here)).filter(name => name.endsWith(".test.ts"));
  if (tests.length === 0) throw new Error("there are no tests");
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: tests,
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node18",
    format: "esm",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const files = tests.map(name => join(out, name.replace(/\.ts$/, ".mjs")));
  // A test that failed may leave something running, which Node waits for.
  const options = { stdio: "inherit", timeout: 300_000, killSignal: "SIGKILL" };
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], options);
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
