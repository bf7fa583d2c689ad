/**
 * The network cable of a virtual device: a TCP relay between its agent and the broker that can be cut without either
 * side being told. Owns the sockets on both ends; knows nothing of what they carry.
 *
 * A cut cable is what TCP makes of one: connections stay open, bytes wait in the senders' kernels, no close gets
 * through, and a new connection opens and hears nothing. Joined again, what had waited is delivered, late and in order;
 * a connection that was opened and given up meanwhile never reaches the far end.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export type CableEnd = { readonly host: string; readonly port: number };

export class Cable {
  private readonly far: CableEnd;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** Connections of which the far end has not heard, with what they have said. */
  private readonly unheard = new Map<Socket, Buffer[]>();
  /** What would have got through during a cut, oldest first. */
  private readonly heldBack: (() => void)[] = [];
  private cutNow = false;

  constructor(far: CableEnd) {
    this.far = far;
    this.server = createServer({ allowHalfOpen: true }, near => this.accept(near));
  }

  get isCut(): boolean {
    return this.cutNow;
  }

  /** Listens on a free port of the loopback and answers it. */
  open(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', () => {
        const address = this.server.address();
        if (address === null || typeof address === 'string') reject(new Error('the cable has no port'));
        else resolve(address.port);
      });
    });
  }

  /** From now on nothing gets through, in either direction. Cutting a cut cable does nothing. */
  cut(): void {
    if (this.cutNow) return;
    this.cutNow = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** Delivers what waited, and everything from now on. */
  join(): void {
    this.cutNow = false;
    for (const action of this.heldBack.splice(0)) action();
    for (const [near, said] of this.unheard) this.reach(near, said);
    this.unheard.clear();
    for (const socket of this.sockets) socket.resume();
  }

  /** Ends every connection and stops listening. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(near: Socket): void {
    this.add(near);
    if (this.cutNow) this.keepUnheard(near);
    else this.reach(near, []);
  }

  private keepUnheard(near: Socket): void {
    const said: Buffer[] = [];
    this.unheard.set(near, said);
    near.on('data', chunk => said.push(chunk));
    near.once('end', () => {
      if (this.unheard.delete(near)) near.destroy();
    });
    near.once('close', () => this.unheard.delete(near));
  }

  private reach(near: Socket, said: readonly Buffer[]): void {
    near.removeAllListeners('data');
    const far = connect({ host: this.far.host, port: this.far.port, allowHalfOpen: true });
    this.add(far);
    for (const chunk of said) far.write(chunk);
    this.forward(near, far);
    this.forward(far, near);
  }

  private onceJoined(action: () => void): void {
    if (this.cutNow) this.heldBack.push(action);
    else action();
  }

  private add(socket: Socket): void {
    socket.setNoDelay(true);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    // 'close' follows every error, and ends the other side.
    socket.on('error', () => {});
  }

  private forward(from: Socket, to: Socket): void {
    from.on('data', chunk => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.cutNow) from.resume();
    });
    // A paused socket that has nothing left to read still says that its other side has closed.
    from.on('end', () => this.onceJoined(() => to.end()));
    from.once('close', () => this.onceJoined(() => to.destroySoon()));
  }
}
