// Reads the clock that latency/camera.js draws from every picture that a video shows: `clock.read` has, for each, the milliseconds since
// it was drawn; `clock.unread` counts those on which no clock can be read. Runs before the page, whose connections it knows.
{
  const connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) {
      super(...given);
      connections.push(this);
    }
  };
  const [WIDTH, HEIGHT, BITS] = [640, 360, 32];
  const BLOCK = WIDTH / BITS;
  // The least difference in brightness between a block and the one below it.
  const DIFFERENT = 80;
  const canvas = new OffscreenCanvas(WIDTH, 2 * BLOCK);
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  let last = -1;
  const time = () => {
    const { data } = paint.getImageData(0, 0, WIDTH, 2 * BLOCK);
    const bright = (bit, row) => data[4 * ((row + 0.5) * BLOCK * WIDTH + (bit + 0.5) * BLOCK) + 1];
    let time = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      const difference = bright(bit, 0) - bright(bit, 1);
      if (Math.abs(difference) < DIFFERENT) return null;
      if (difference > 0) time += 2 ** bit;
    }
    return time;
  };
  window.clock = {
    read: [],
    unread: 0,
    begin(video) {
      const look = () => {
        video.requestVideoFrameCallback(look);
        const now = Date.now() % 2 ** BITS;
        paint.drawImage(video, 0, 0, video.videoWidth, (video.videoHeight * 2 * BLOCK) / HEIGHT, 0, 0, WIDTH, 2 * BLOCK);
        const drawn = time();
        if (drawn === null) clock.unread += 1;
        else if (drawn !== last) clock.read.push((now - drawn + 2 ** BITS) % 2 ** BITS);
        last = drawn;
      };
      video.requestVideoFrameCallback(look);
    },
    // For sound and pictures the seconds, in all, that they waited in the browser before they were played, and how many there were.
    async waited() {
      const waited = { audio: [0, 0], video: [0, 0] };
      for (const connection of connections) {
        for (const of of (await connection.getStats()).values()) {
          if (of.type === "inbound-rtp") waited[of.kind] = [of.jitterBufferDelay, of.jitterBufferEmittedCount];
        }
      }
      return waited;
    },
  };

  const shown = connection => {
    const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true });
    document.body.replaceChildren(video);
    connection.addEventListener("track", ({ track, streams: [stream = new MediaStream([track])] }) => {
      video.srcObject = stream;
    });
  };

  // The other end of `direct` in latency/camera.js.
  window.receive = async sdp => {
    const connection = new RTCPeerConnection();
    shown(connection);
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise(done => connection.addEventListener("icegatheringstatechange", done, { once: true }));
    }
    return connection.localDescription.sdp;
  };

  // Watches by WHEP without the sound.
  window.picture = async url => {
    const connection = new RTCPeerConnection();
    shown(connection);
    connection.addTransceiver("video", { direction: "recvonly" });
    await connection.setLocalDescription();
    const headers = { "content-type": "application/sdp" };
    const answer = await fetch(url, { method: "POST", headers, body: connection.localDescription.sdp });
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  };
}
