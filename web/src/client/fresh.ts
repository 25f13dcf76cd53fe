/**
 * Makes a peer connection that knows the networks of this moment, and says how to be rid of it. Chromium tells the pages of a
 * window about another network only seconds after it came, and those of a new frame at once.
 */
export function freshConnection(how: RTCConfiguration): { pc: RTCPeerConnection; end: () => void } {
  const chromium = "userAgentData" in (globalThis.navigator ?? {});
  const body = chromium ? globalThis.document?.body : null;
  if (body) {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "";
    body.append(frame);
    const Connection = (frame.contentWindow as (Window & typeof globalThis) | null)?.RTCPeerConnection;
    if (Connection) return { pc: new Connection(how), end: () => frame.remove() };
    frame.remove();
  }
  return { pc: new RTCPeerConnection(how), end: () => {} };
}
