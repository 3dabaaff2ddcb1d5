import { createServer, connect, type Socket } from 'node:net';

export interface TcpProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Each piece is passed on this much later, in both directions. */
  readonly delayMs?: number;
}

/** A loopback proxy that can delay, cut or swallow what passes through it. */
export interface TcpProxy {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Bytes the client sent since the start. */
  readonly sentBytes: number;
  /** Destroys the connections as soon as this many more bytes came from the client; later connections pass again. */
  cutAfter(bytes: number): void;
  /** From now on nothing passes, the connections stay open. */
  stall(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const delayMs = options.delayMs ?? 0;
  let sentBytes = 0;
  let cutAt = Number.POSITIVE_INFINITY;
  let stalled = false;
  const server = createServer((client) => {
    const upstream = connect(options.target.port, options.target.host);
    const pass = (from: Socket, to: Socket, counted: boolean): void => {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (chunk: Buffer) => {
        let piece = chunk;
        if (counted) {
          const allowed = cutAt - sentBytes;
          sentBytes += chunk.length;
          if (chunk.length >= allowed) piece = chunk.subarray(0, allowed);
        }
        if (stalled) return;
        const send = (): void => {
          if (to.writable) to.write(piece);
          if (piece.length === chunk.length) return;
          cutAt = Number.POSITIVE_INFINITY;
          to.end(() => from.destroy());
        };
        if (delayMs === 0) send();
        else setTimeout(send, delayMs);
      });
    };
    pass(client, upstream, true);
    pass(upstream, client, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address was given');
  return {
    host: '127.0.0.1',
    port: address.port,
    get sentBytes() {
      return sentBytes;
    },
    cutAfter(bytes) {
      cutAt = sentBytes + bytes;
    },
    stall() {
      stalled = true;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
