// The types of the library, as files of declarations that every module resolution of TypeScript reads.

import { spawnSync } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const EMIT = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly"];

/** Writes the declarations of `src/sdk/index.ts`, and of what it names, into a folder. */
export async function types(root, folder) {
  const run = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "sdk/tsconfig.json"), ...EMIT, "--outDir", folder],
    { stdio: "inherit" },
  );
  if (run.status !== 0) throw new Error("the types could not be made");
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(folder, name);
    const text = await readFile(path, "utf8");
    // Outside of bundlers a relative name has its ending.
    const named = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, name]) => name);
    for (const name of named) await stat(join(dirname(path), `${name}.d.ts`));
    await writeFile(path, text.replace(/((?:from|import\()\s*"\.[^"]+)"/g, '$1.js"'));
  }
}
