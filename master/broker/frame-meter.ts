/**
 * Measures MQTT packets as their bytes pass, so that one which is too long is seen at its fixed header and never
 * buffered: the parser itself would wait for up to 256 MiB. [MQTT-2.2.3]
 */

export interface FrameMeter {
  /** False when a packet starts in this chunk that is longer than `maxBytes` or has no valid length; feed it no more then. */
  accept(chunk: Uint8Array, maxBytes: number): boolean;
}

export function createFrameMeter(): FrameMeter {
  /** Bytes of the current packet's body that are still to come. */
  let bodyBytes = 0;
  /** While the length is being read: bytes of it seen, and its value so far. Undefined between packets. */
  let header: { digits: number; length: number } | undefined;

  return {
    accept(chunk, maxBytes) {
      let at = 0;
      while (at < chunk.length) {
        if (bodyBytes > 0) {
          const taken = Math.min(bodyBytes, chunk.length - at);
          bodyBytes -= taken;
          at += taken;
        } else if (header === undefined) {
          header = { digits: 0, length: 0 };
          at++;
        } else {
          const byte = chunk[at++] ?? 0;
          header.length += (byte & 0x7f) * 128 ** header.digits;
          header.digits++;
          if (header.length > maxBytes) return false;
          if (byte < 0x80) {
            bodyBytes = header.length;
            header = undefined;
          } else if (header.digits === 4) return false;
        }
      }
      return true;
    },
  };
}
