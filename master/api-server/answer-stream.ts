/** An answer that goes on: as the body of a response, or, for a client that asks for a WebSocket, as its messages. */
import type { Exchange } from './exchange.ts';
import { acceptWebSocket } from './streams/accept.ts';
import { chooseWebSocketProtocol, wantsWebSocket } from './streams/upgrade.ts';
import type { Wire } from './streams/wire.ts';

export interface AnswerStream {
  /** Resolves when the client has room for more, or is gone. */
  write(piece: string | Uint8Array): Promise<void>;
  end(): void;
}

export type AnswerForm = {
  readonly contentType: string;
  /** What a message holds: the piece itself (text as text), or, for this subprotocol, the piece in base64. */
  readonly base64Protocol?: string;
  /** Subprotocols that are spoken; whatever the client names first without. */
  readonly protocols?: readonly string[];
};

/** Begins the answer; its headers leave at once. Throws ApiError BadRequest for a WebSocket that cannot be granted. */
export async function startAnswer(exchange: Exchange, form: AnswerForm): Promise<AnswerStream> {
  const { upgrade } = exchange;
  if (upgrade === undefined || !wantsWebSocket(upgrade.request)) {
    exchange.startStream(form.contentType);
    return { write: piece => exchange.write(piece), end: () => exchange.endStream() };
  }
  const protocol = chooseWebSocketProtocol(upgrade.request, form.protocols);
  exchange.handOver();
  const wire = await acceptWebSocket(upgrade, protocol);
  void dropReceived(wire);
  const inBase64 = protocol !== undefined && protocol === form.base64Protocol;
  return {
    write: piece => wire.send(inBase64 ? Buffer.from(piece).toString('base64') : piece),
    end: () => wire.close(),
  };
}

/** Nothing is expected of the client; what it says nevertheless must not keep its farewell from being read. */
async function dropReceived(wire: Wire): Promise<void> {
  for await (const _ of wire.received);
}
