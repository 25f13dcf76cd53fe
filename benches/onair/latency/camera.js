// The camera of this page is a drawing that says what time it is: two rows of black and white blocks, the wall clock's milliseconds in
// 32 bits, the lowest first, and the same the other way round. Below it something moves. Runs before the page.
{
  const [WIDTH, HEIGHT, RATE, BITS] = [640, 360, 30, 32];
  const BLOCK = WIDTH / BITS;
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const paint = canvas.getContext("2d", { alpha: false });
  let pictures = 0;
  const draw = () => {
    const now = Date.now();
    for (let bit = 0; bit < BITS; bit += 1) {
      const on = Math.floor(now / 2 ** bit) % 2 === 1;
      paint.fillStyle = on ? "white" : "black";
      paint.fillRect(bit * BLOCK, 0, BLOCK, BLOCK);
      paint.fillStyle = on ? "black" : "white";
      paint.fillRect(bit * BLOCK, BLOCK, BLOCK, BLOCK);
    }
    paint.fillStyle = "teal";
    paint.fillRect(0, 2 * BLOCK, WIDTH, HEIGHT);
    paint.fillStyle = "orange";
    paint.fillRect((pictures * 8) % WIDTH, 100, 60, 200);
    pictures += 1;
  };
  const stream = canvas.captureStream(RATE);
  let microphone = null;
  setInterval(draw, 1000 / RATE);
  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async wanted => {
      const given = await ask(wanted);
      microphone ??= given.getAudioTracks()[0]?.clone();
      for (const track of given.getVideoTracks()) {
        track.stop();
        given.removeTrack(track);
        given.addTrack(stream.getVideoTracks()[0].clone());
      }
      return given;
    };
  }

  // The same camera and microphone, sent to another page without the box between them. `answer` begins it.
  window.direct = async () => {
    const connection = new RTCPeerConnection();
    const [track] = stream.getVideoTracks();
    const both = new MediaStream([track.clone(), microphone.clone()]);
    connection.addTransceiver(both.getAudioTracks()[0], { direction: "sendonly", streams: [both] });
    const sender = connection.addTransceiver(both.getVideoTracks()[0], {
      direction: "sendonly",
      streams: [both],
      sendEncodings: [{ maxBitrate: 1_700_000 }],
    });
    const all = RTCRtpReceiver.getCapabilities("video").codecs;
    sender.setCodecPreferences(all.filter(codec => codec.mimeType === "video/H264"));
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise(done => connection.addEventListener("icegatheringstatechange", done, { once: true }));
    }
    window.direct.answer = sdp => connection.setRemoteDescription({ type: "answer", sdp });
    window.direct.end = () => connection.close();
    return connection.localDescription.sdp;
  };
}
