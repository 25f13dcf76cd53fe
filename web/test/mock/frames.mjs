// WebSocket framing for the mock: text frames without extensions, as much of RFC 6455 as a browser on loopback needs.

import { createHash } from "node:crypto";

/** Accepts an upgrade; gives `{ send(object), close() }` and calls `message(object)` and `closed()`. */
export function accept(request, socket, { message, closed }) {
  const key = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  );
  let data = Buffer.alloc(0);
  let text = "";
  socket.on("data", chunk => {
    data = Buffer.concat([data, chunk]);
    for (;;) {
      const frame = read(data);
      if (!frame) return;
      data = data.subarray(frame.size);
      if (frame.opcode === 8) return socket.end();
      if (frame.opcode > 2) continue;
      text += frame.payload.toString("utf8");
      if (!frame.last) continue;
      const whole = text;
      text = "";
      message(JSON.parse(whole));
    }
  });
  socket.on("close", closed);
  socket.on("error", () => {});
  return {
    send: object => socket.writable && socket.write(write(JSON.stringify(object))),
    close: () => socket.destroy(),
  };
}

function read(data) {
  if (data.length < 6) return null;
  let length = data[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    length = data.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (data.length < 10) return null;
    length = Number(data.readBigUInt64BE(2));
    at = 10;
  }
  if (data.length < at + 4 + length) return null;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < payload.length; i += 1) payload[i] ^= mask[i & 3];
  return { last: (data[0] & 0x80) !== 0, opcode: data[0] & 0x0f, payload, size: at + 4 + length };
}

function write(text) {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.alloc(2) : Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  head[0] = 0x81;
  if (head.length === 2) head[1] = payload.length;
  else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}
