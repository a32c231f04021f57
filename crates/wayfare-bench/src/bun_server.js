// Bun's own pub/sub, for comparison: it reads the same commands as a node and publishes the same
// events to the members of a room. It ends with its standard input.

const PAYLOAD_OF_COMMAND = (4 << 3) | 2;
const sequences = new Map();

/** Finds the payload of a command in its protobuf encoding: a message in a message. */
function payloadOf(frame) {
  let at = 2; // Tag and length of the command, which is shorter than 128 bytes.
  for (;;) {
    const tag = frame[at++];
    switch (tag & 7) {
      case 0:
        while (frame[at++] >= 0x80);
        break;
      case 1:
        at += 8;
        break;
      default: {
        const length = frame[at++];
        if (tag === PAYLOAD_OF_COMMAND) return frame.subarray(at, at + length);
        at += length;
      }
    }
  }
}

/** Builds the event: handle, sequence and payload. */
function event(room, sequence, payload) {
  const varint = [];
  for (let rest = sequence; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      varint.push(rest);
      break;
    }
    varint.push((rest % 128) | 0x80);
  }
  const length = 9 + 1 + varint.length + 2 + payload.length;
  const bytes = new Uint8Array(2 + length);
  bytes[0] = (5 << 3) | 2;
  bytes[1] = length;
  bytes[2] = (1 << 3) | 1;
  new DataView(bytes.buffer).setUint32(3, Number(room), true);
  bytes[11] = 2 << 3;
  bytes.set(varint, 12);
  bytes[12 + varint.length] = (3 << 3) | 2;
  bytes[13 + varint.length] = payload.length;
  bytes.set(payload, 14 + varint.length);
  return bytes;
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  // A server under comparison waits in silence while the others are measured.
  idleTimeout: 0,
  fetch(request, server) {
    const room = new URL(request.url).pathname.slice(1);
    if (server.upgrade(request, { data: { room } })) return undefined;
    return new Response("games connect by WebSocket", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    open(socket) {
      socket.subscribe(socket.data.room);
    },
    message(socket, frame) {
      const { room } = socket.data;
      const sequence = (sequences.get(room) ?? 0) + 1;
      sequences.set(room, sequence);
      server.publish(room, event(room, sequence, payloadOf(frame)));
    },
  },
});

console.log(`listening on 127.0.0.1:${server.port}`);
for await (const _ of Bun.stdin.stream());
process.exit(0);
