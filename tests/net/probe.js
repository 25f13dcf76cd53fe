// Notes what a call is like for this page, before the page's own scripts run. Times are milliseconds since 1970.
// A frame that the page makes for a peer connection notes it there.
window.net = window.parent.net ?? { peers: [], samples: [], frames: {}, relay: false };
{
  const now = () => performance.timeOrigin + performance.now();
  const Peer = RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(how, ...rest) {
      super(net.relay ? { ...how, iceTransportPolicy: "relay" } : how, ...rest);
      net.peers.push(this);
    }
  };

  // Counters of each stream of each connection, as they were last: a connection that is replaced keeps what it counted.
  const last = new Map();
  const COUNTED = {
    video: ["framesDecoded", "freezeCount", "totalFreezesDuration"],
    audio: ["totalSamplesReceived", "concealedSamples"],
  };

  async function sample() {
    const found = { at: now(), height: 0, pair: null };
    for (const [number, peer] of net.peers.entries()) {
      if (peer.connectionState === "closed") continue;
      const report = await peer.getStats();
      for (const stat of report.values()) {
        if (stat.type === "inbound-rtp") {
          last.set(`${number} ${stat.id}`, stat);
          if (stat.kind === "video" && stat.framesPerSecond > 0) found.height = Math.max(found.height, stat.frameHeight ?? 0);
        } else if (stat.type === "transport" && stat.selectedCandidatePairId) {
          const pair = report.get(stat.selectedCandidatePairId);
          const [local, remote] = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)];
          found.pair = `${local?.candidateType} ${local?.relayProtocol ?? local?.protocol} ${remote?.port}`;
        }
      }
    }
    for (const [kind, names] of Object.entries(COUNTED)) {
      found[kind] = Object.fromEntries(names.map(name => [name, 0]));
      for (const stat of last.values()) {
        if (stat.kind === kind) for (const name of names) found[kind][name] += stat[name] ?? 0;
      }
    }
    net.samples.push(found);
  }
  if (window.parent === window) setInterval(sample, 1000);
  net.sample ??= sample;

  // When each picture of the others was shown, by their name.
  const seen = new WeakSet();
  function watch(video) {
    const who = video.closest("[data-testid=tile]").dataset.name;
    const times = (net.frames[who] ??= []);
    const shown = () => {
      times.push(now());
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  }
  new MutationObserver(() => {
    for (const video of document.querySelectorAll("[data-testid=tile] video")) {
      if (seen.has(video)) continue;
      seen.add(video);
      watch(video);
    }
  }).observe(document, { childList: true, subtree: true });
}
