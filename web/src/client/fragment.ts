// Fragments of session descriptions (RFC 8840 section 9), by which WHEP starts ICE anew without another offer.

/** `Content-Type` of a fragment. */
export const FRAGMENT = "application/trickle-ice-sdpfrag";

const SESSION = /^a=(group:|ice-options:|ice-lite)/;
const SECTION = /^(m=|a=(mid:|ice-ufrag:|ice-pwd:|ice-options:|candidate:))/;
const WAY = /^a=(candidate:|end-of-candidates)/;

/** What an offer says of this side's addresses. */
export function fragmentOf(offer: string): string {
  const [session = [], first = []] = sections(offer);
  const lines = [...session.filter(line => SESSION.test(line)), ...first.filter(line => SECTION.test(line))];
  return text(lines);
}

/** The answer as it would be with the other side's addresses of the fragment, in place of those in it. */
export function withFragment(answer: string, fragment: string): string {
  const said = fragment.split(/\r?\n/);
  const of = (name: string) => said.find(line => line.startsWith(name));
  const [ufrag, password] = [of("a=ice-ufrag:"), of("a=ice-pwd:")];
  if (!ufrag || !password) throw new Error("the box names no credentials");
  const ways = said.filter(line => WAY.test(line));
  const kept = sections(answer).map((section, at) => {
    const lines = section
      .filter(line => !WAY.test(line))
      .map(line => (line.startsWith("a=ice-ufrag:") ? ufrag : line.startsWith("a=ice-pwd:") ? password : line));
    return at === 1 ? [...lines, ...ways] : lines;
  });
  return text(kept.flat());
}

/** The lines of each section, those of the session first. */
function sections(sdp: string): string[][] {
  const all: string[][] = [[]];
  for (const line of sdp.split(/\r?\n/)) {
    if (line.startsWith("m=")) all.push([]);
    if (line) all.at(-1)?.push(line);
  }
  return all;
}

function text(lines: string[]): string {
  return lines.map(line => `${line}\r\n`).join("");
}
