"""Holds the licences of every crate and npm package to the list of those we may ship. Reads no network."""

import json
import re
import subprocess
import sys

# Permissive, and compatible with MIT OR Apache-2.0.
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0",
    "CC0-1.0", "ISC", "MIT", "MIT-0", "Python-2.0", "Unicode-3.0", "Unlicense", "Zlib",
}
# What we build for; dependencies for other systems are in Cargo.lock and nowhere else.
TARGETS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf")
# Only the tests use these; nothing of them is shipped.
TESTS_ONLY = {"webdriver": "MPL-2.0", "axe-core": "MPL-2.0"}
# Shipped as they are: MPL-2.0 asks for the source of these files alone, which is at crates.io, and leaves ours as they are licensed
# (its section 3.3).
UNCHANGED = dict.fromkeys(
    ("crypto-glue", "webauthn-attestation-ca", "webauthn-rs", "webauthn-rs-core", "webauthn-rs-proto"), "MPL-2.0"
)


def allowed(expression):
    """Whether an SPDX expression leaves us a choice of allowed licences."""
    words = re.findall(r"\(|\)|/|[^\s()/]+", expression)

    def either():
        found = both()
        while words and words[0] in ("OR", "/"):
            words.pop(0)
            found = both() or found
        return found

    def both():
        found = one()
        while words and words[0] == "AND":
            words.pop(0)
            found = one() and found
        return found

    def one():
        word = words.pop(0)
        if word == "(":
            found = either()
            words.pop(0)
            return found
        if words and words[0] == "WITH":
            word = f"{word} {words.pop(0)} {words.pop(0)}"
        return word in ALLOWED

    return either()


def crates():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    for target in TARGETS:
        command += ["--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    shipped = walk(metadata)
    for package in metadata["packages"]:
        licence = package["license"] or "none"
        if package["id"] not in shipped and TESTS_ONLY.get(package["name"]) == licence:
            continue
        if UNCHANGED.get(package["name"]) == licence:
            continue
        yield package["name"], package["version"], licence


def walk(metadata):
    """The ids of the packages that the daemon links: those reached without a dev-dependency."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    seen, left = set(), [metadata["resolve"]["root"]]
    while left:
        at = left.pop()
        if at in seen:
            continue
        seen.add(at)
        for dependency in nodes[at]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return seen


def npm_packages():
    with open("web/package-lock.json", encoding="utf-8") as lock:
        for path, package in json.load(lock)["packages"].items():
            name, licence = path.removeprefix("node_modules/"), package.get("license", "none")
            # build.mjs takes up what the pages import, and they import none of these.
            if path and TESTS_ONLY.get(name) != licence:
                yield name, package.get("version", ""), licence


def main():
    refused, count = [], 0
    for name, version, licence in [*crates(), *npm_packages()]:
        count += 1
        if not allowed(licence):
            refused.append(f"{name} {version}: {licence}")
    if refused:
        sys.exit("These licences are not in the list of script/licences.py:\n" + "\n".join(refused))
    print(f"{count} packages")


# The parser is proved on each run: a checker that allows everything would be worse than none.
for wrong in ("GPL-3.0", "MIT AND GPL-3.0", "none", "MPL-2.0", "(MIT OR ISC) AND GPL-2.0"):
    assert not allowed(wrong), wrong
for right in ("MIT/Apache-2.0", "GPL-2.0 OR MIT", "ISC AND (Apache-2.0 OR GPL-2.0)", "Apache-2.0 WITH LLVM-exception"):
    assert allowed(right), right

main()
