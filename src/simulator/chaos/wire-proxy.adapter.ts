import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Strikes when texts pass towards the server, one after the other on one connection. before: the last of them is not passed
 * on; answered: it was passed on and its answer has come, but is not passed back.
 */
export interface Tripwire {
  readonly texts: readonly string[];
  readonly at: 'before' | 'answered';
  spring(): void;
}

export interface WireTarget {
  readonly host: string;
  readonly port: number;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  /** How many of the tripwire's texts have passed. */
  seen: number;
  /** End of what passed before, in case a text is cut in two. */
  tail: string;
  /** The last text passed; its answer is awaited. */
  tripped: boolean;
  /** Nothing passes any more; the client is never told, the server notices after a while. */
  silent: boolean;
}

/** After this long a server's keepalive finds that nobody is there behind a silent line, and it ends what it held for it. */
const serverNoticesMs = 20_000;

/** A loopback line between one process and one server, on which everything can go wrong that goes wrong with lines. */
export class WireProxy {
  /** pass; refuse: connections are ended at once; hang: they are taken and nothing is answered. */
  private mode: 'pass' | 'refuse' | 'hang' = 'pass';
  /** Answers are not passed back: the first one cuts its connection. What was asked was done. */
  dropAnswers = false;
  private readonly links = new Set<Link>();
  private tripwire: Tripwire | undefined;

  private constructor(
    private readonly server: Server,
    /** Where it leads; may be moved while it runs and holds from the next connection on. */
    public target: WireTarget,
  ) {}

  static async start(target: WireTarget): Promise<WireProxy> {
    const server = createServer();
    const proxy = new WireProxy(server, target);
    server.on('connection', (socket) => proxy.admit(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every open connection; new ones are taken. */
  cut(): void {
    for (const link of this.links) this.end(link);
  }

  /** From now on: cuts what is open when it refuses; what is open when it hangs stays open and silent for ever, as after a router that forgot. */
  setMode(mode: 'pass' | 'refuse' | 'hang'): void {
    this.mode = mode;
    if (mode === 'refuse') this.cut();
    if (mode === 'hang') for (const link of this.links) this.silence(link);
  }

  private silence(link: Link): void {
    if (link.silent) return;
    link.silent = true;
    link.client.pause();
    link.upstream.pause();
    setTimeout(() => link.upstream.destroy(), serverNoticesMs).unref();
  }

  /** Lays a tripwire, instead of one that lies there; undefined takes it away. It strikes once. */
  lay(tripwire: Tripwire | undefined): void {
    this.tripwire = tripwire;
    for (const link of this.links) Object.assign(link, { seen: 0, tail: '', tripped: false });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.cut();
    await closed;
  }

  private admit(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.mode === 'refuse') {
      client.destroy();
      return;
    }
    const upstream = connect(this.target.port, this.target.host);
    const link: Link = { client, upstream, seen: 0, tail: '', tripped: false, silent: false };
    this.links.add(link);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      const over = (): void => { if (socket === client || !link.silent) this.end(link); };
      socket.on('error', over);
      socket.on('close', over);
    }
    client.on('data', (piece: Buffer) => this.towardsServer(link, piece));
    upstream.on('data', (piece: Buffer) => this.towardsClient(link, piece));
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
    if (this.mode === 'hang') this.silence(link);
  }

  private towardsServer(link: Link, piece: Buffer): void {
    if (this.tripwire && !link.tripped && this.trips(link, piece, this.tripwire)) {
      if (this.tripwire.at === 'before') return this.spring(link, this.tripwire);
      link.tripped = true;
    }
    link.upstream.write(piece);
  }

  private towardsClient(link: Link, piece: Buffer): void {
    if (link.tripped && this.tripwire) return this.spring(link, this.tripwire);
    if (this.dropAnswers) return this.end(link);
    link.client.write(piece);
  }

  private trips(link: Link, piece: Buffer, tripwire: Tripwire): boolean {
    let text = link.tail + piece.toString('latin1');
    // What was done before a rollback leads to no commit.
    if (link.seen > 0 && text.includes('ROLLBACK')) link.seen = 0;
    while (link.seen < tripwire.texts.length) {
      const wanted = tripwire.texts[link.seen]!;
      const at = text.indexOf(wanted);
      if (at < 0) break;
      link.seen += 1;
      text = text.slice(at + wanted.length);
    }
    link.tail = text.slice(-100);
    return link.seen === tripwire.texts.length;
  }

  private spring(link: Link, tripwire: Tripwire): void {
    this.tripwire = undefined;
    this.end(link);
    tripwire.spring();
  }

  private end(link: Link): void {
    if (!this.links.delete(link)) return;
    link.client.destroy();
    link.upstream.destroy();
  }
}
