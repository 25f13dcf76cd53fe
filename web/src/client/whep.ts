import { audioCodecs, streamCodecs } from "./codecs";
import { FRAGMENT, fragmentOf, withFragment } from "./fragment";
import { onNetworkChange } from "./healing";
import { type Player, type PlayerEvents, plausible } from "./player";
import { BEAT, Pulse } from "./pulse";
import { Quality, type Sample } from "./quality";
import type { Kind } from "./state";

/** Milliseconds until the first picture or sound has to be there, and that none may come later. */
const PATIENCE = 4_000;
/** Milliseconds between two looks at what came. */
const LOOK = BEAT;
/** Seconds between the epochs of NTP (1900) and Unix (1970). */
const NTP = 2_208_988_800;

/** Whether this browser can watch by WebRTC: it has it, with H.264 and Opus. */
export function canWhep(): boolean {
  return "RTCPeerConnection" in globalThis && codecs("video").length > 0 && codecs("audio").length > 0;
}

function codecs(kind: Kind): RTCRtpCodec[] {
  const all = globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs ?? [];
  return kind === "audio" ? audioCodecs(all) : streamCodecs(all);
}

/**
 * Plays a broadcast by WebRTC in a video element (WHEP, draft-ietf-wish-whep-04). When it becomes silent, or this device comes
 * into another network, another way to the box is looked for. It faults when nothing comes for four seconds, at first or
 * later, and when what comes is measured to be too bad; it does not try again.
 */
export function attachWhep(url: string, video: HTMLVideoElement, events: PlayerEvents): Player {
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
  const stream = new MediaStream();
  const off = new AbortController();
  let session: string | null = null;
  let latency: number | null = null;
  let received = 0;
  let quality = new Quality();
  let last = Date.now();
  const pulse = new Pulse();
  let healing = false;

  const heal = async () => {
    if (!session || healing || off.signal.aborted) return;
    healing = true;
    await restart(pc, session, off.signal).catch(why => console.info("No other way was found:", why));
    healing = false;
  };
  events.whep?.(pc);
  const settle = onNetworkChange(heal);
  const destroy = (over = false) => {
    if (off.signal.aborted) return;
    off.abort();
    settle();
    clearInterval(timer);
    // The box would notice by itself, and then not know what is left.
    if (over) pc.close();
    else leave(session).finally(() => pc.close());
    if (video.srcObject === stream) video.srcObject = null;
  };
  const fault = (why: unknown) => {
    if (off.signal.aborted) return;
    console.info("Watching by WebRTC ended:", why);
    destroy();
    events.fault();
  };
  const look = async () => {
    const now = await figures(pc);
    if (off.signal.aborted) return;
    if (received === 0 && now.received > 0) events.ready();
    if (now.received > received) last = Date.now();
    received = now.received;
    latency = now.playing === null ? null : plausible((Date.now() - now.playing) / 1000);
    if (Date.now() - last > PATIENCE) fault("nothing comes");
    else if (pulse.beat(performance.now(), received, true)) void heal();
    // A page in the background is drawn seldom, which says nothing of the network.
    if (document.hidden) quality = new Quality();
    const bad = quality.add({ ...now, at: performance.now() });
    if (bad) fault(bad);
  };
  const timer = setInterval(() => void look().catch(fault), LOOK);
  // A page that goes away says so: the box would wait for it otherwise.
  addEventListener("pagehide", () => destroy(), { signal: off.signal });

  pc.ontrack = ({ track }) => {
    stream.addTrack(track);
    video.srcObject = stream;
  };
  pc.onconnectionstatechange = () => {
    if (pc.connectionState === "failed") fault("the connection failed");
  };
  start(pc, url, off.signal).then(location => {
    session = location;
    // Gone before the answer came.
    if (off.signal.aborted) void leave(session);
  }, fault);
  return { latency: () => latency, destroy };
}

/** Offers, and gives the address under which the box knows us. */
async function start(pc: RTCPeerConnection, url: string, signal: AbortSignal): Promise<string | null> {
  for (const kind of ["audio", "video"] as const) {
    const transceiver = pc.addTransceiver(kind, { direction: "recvonly" });
    // An older browser offers everything, and the box picks.
    transceiver.setCodecPreferences?.(codecs(kind));
  }
  await pc.setLocalDescription();
  // Our own addresses are not waited for: the box learns them from our checks.
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: pc.localDescription?.sdp ?? "",
    signal,
  });
  if (answer.status !== 201) throw new Error(`the box answers ${answer.status}`);
  const location = answer.headers.get("location");
  const session = location && new URL(location, answer.url).href;
  const sdp = await answer.text();
  if (pc.signalingState !== "closed") await pc.setRemoteDescription({ type: "answer", sdp });
  return session;
}

/** Starts ICE anew on the same connection (RFC 9725 section 4.3.3). If that fails, everything is as it was. */
async function restart(pc: RTCPeerConnection, session: string, signal: AbortSignal): Promise<void> {
  const state = (): RTCSignalingState => pc.signalingState;
  if (state() !== "stable") return;
  pc.restartIce();
  await pc.setLocalDescription();
  try {
    const answer = await fetch(session, {
      method: "PATCH",
      headers: { "content-type": FRAGMENT, "if-match": "*" },
      body: fragmentOf(pc.localDescription?.sdp ?? ""),
      signal,
    });
    if (answer.status !== 200) throw new Error(`the box answers ${answer.status}`);
    const sdp = withFragment(pc.currentRemoteDescription?.sdp ?? "", await answer.text());
    await pc.setRemoteDescription({ type: "answer", sdp });
  } catch (why) {
    if (state() === "have-local-offer") await pc.setLocalDescription({ type: "rollback" });
    throw why;
  }
}

async function leave(session: string | null): Promise<void> {
  if (session) await fetch(session, { method: "DELETE", keepalive: true }).catch(() => {});
}

type Figures = Omit<Sample, "at"> & { playing: number | null };

/** What came so far, and the wall time, in milliseconds since 1970, of what is seen now. */
async function figures(pc: RTCPeerConnection): Promise<Figures> {
  let [received, lost, frozen] = [0, 0, 0];
  let playing: number | null = null;
  for (const stats of (await pc.getStats()).values()) {
    if (stats.type !== "inbound-rtp") continue;
    received += stats.packetsReceived ?? 0;
    lost += Math.max(stats.packetsLost ?? 0, 0);
    frozen += stats.totalFreezesDuration ?? 0;
    if (stats.kind === "video" && stats.estimatedPlayoutTimestamp) {
      // Browsers disagree on whether it counts from 1900 or from 1970.
      const time: number = stats.estimatedPlayoutTimestamp;
      playing = time > NTP * 1000 ? time - NTP * 1000 : time;
    }
  }
  return { received, lost, frozen, playing };
}
