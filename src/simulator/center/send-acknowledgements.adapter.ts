import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { Webhook } from 'standardwebhooks';
import { JsonLinesFile } from './json-lines-file.adapter.js';
import { withErrors, type PlannedAcknowledgement } from './plan-acknowledgements.js';
import { writeAcknowledgementsJson, writeAcknowledgementsXml, type CenterAcknowledgement } from './write-acknowledgements.js';
import { writeCenterTime } from './write-center-time.js';

/** What is wrong with the way back; every switch may be moved while it runs. Rates are 0..1 per acknowledgement. */
export interface AcknowledgementFaults {
  /** Everything is held. */
  paused: boolean;
  /** Held for this long after the import; set before the import, it counts for what is queued from then on. */
  delayMs: number;
  duplicateRate: number;
  /** The opposite verdict follows in a later document. */
  contradictoryRate: number;
  /** An acknowledgement for a message nobody sent is added. */
  unknownIdRate: number;
  /** Verdicts go before the picked-up of the same messages, and the newest go first. */
  outOfOrder: boolean;
  /** Use files although HTTP is configured, as when the reverse path is cut. */
  filesInstead: boolean;
}

/** Where acknowledgements of the channel go: over HTTP where it is given, else as files. */
export interface AcknowledgementWays {
  readonly http?: { readonly url: string; /** `whsec_…` */ readonly secret: string } | undefined;
  readonly files?: boolean | undefined;
  /** Encoding of XML files; HTTP is UTF-8 always, as the signature library signs text. */
  readonly encoding?: 'UTF-8' | 'GB18030' | undefined;
}

export interface SendAcknowledgementsSettings {
  readonly channel: string;
  readonly stagingDir: string;
  readonly journalPath: string;
  readonly ways: AcknowledgementWays;
  readonly faults: AcknowledgementFaults;
  /** Most acknowledgements in one document. */
  readonly batch: number;
  readonly now: () => Date;
  readonly random: () => number;
}

interface Queued extends CenterAcknowledgement {
  readonly event: 'queued';
  readonly number: number;
  /** Entry of the import journal that it answers; 0 for early ones. */
  readonly answers: number;
  /** Milliseconds since 1970 by the machine's clock: the center's own may be set wrong on purpose, which must not hold anything back. */
  readonly dueAt: number;
}

/** A document that got through. */
export interface SentDocument {
  readonly event: 'sent';
  readonly at: string;
  /** Name of the file, or the webhook-id. */
  readonly document: string;
  readonly numbers: readonly number[];
}

type Line = Queued | SentDocument;

/** Sends what the center answers, in documents, XML and JSON by turns, until each got through; unsent ones outlive a restart. */
export class SendAcknowledgements {
  private readonly pending = new Map<number, Queued>();
  private readonly sentAcknowledgements: CenterAcknowledgement[] = [];
  private lastNumber = 0;
  private answered = 0;
  private documents = 0;
  private failedAttempts = 0;
  private stopped = false;
  private wake: () => void = () => undefined;
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;
  /** The error that ended the sending, if one did. */
  failure: unknown;

  private constructor(
    private readonly settings: SendAcknowledgementsSettings,
    private readonly journal: JsonLinesFile<Line>,
  ) {
    for (const line of journal.found) this.take(line);
  }

  static async open(settings: SendAcknowledgementsSettings): Promise<SendAcknowledgements> {
    await mkdir(join(settings.stagingDir, 'ack'), { recursive: true });
    return new SendAcknowledgements(settings, await JsonLinesFile.open<Line>(settings.journalPath));
  }

  start(): void {
    this.running ??= this.run().catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Ends at once; a document that was under way is sent again by the next start. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.abort.abort();
    this.wake();
    await this.running;
    await this.journal.close();
  }

  /** Number of the last entry of the import journal that was answered. */
  get answeredUpTo(): number {
    return this.answered;
  }

  /** Queues answers; `answers` is the number of the import entry, 0 for what answers none. */
  async queue(planned: readonly { readonly answers: number; readonly acknowledgement: PlannedAcknowledgement }[]): Promise<void> {
    const { now, random, faults } = this.settings;
    const { time } = writeCenterTime(now());
    const lines: Queued[] = [];
    for (const { answers, acknowledgement } of planned) {
      for (const one of withErrors(acknowledgement, faults, random)) {
        lines.push({ event: 'queued', number: this.lastNumber + 1, answers, dueAt: Date.now() + faults.delayMs, time, ...one });
        this.lastNumber += 1;
      }
    }
    // Written before they are taken: nothing is sent that a restart would not know.
    await this.journal.append(lines);
    for (const line of lines) this.take(line);
    this.wake();
  }

  /** Everything that got through, in the order it was sent. */
  sent(): readonly CenterAcknowledgement[] {
    return this.sentAcknowledgements;
  }

  counts(): { pending: number; sent: number; documents: number; failedAttempts: number } {
    return { pending: this.pending.size, sent: this.sentAcknowledgements.length, documents: this.documents, failedAttempts: this.failedAttempts };
  }

  private take(line: Line): void {
    if (line.event === 'queued') {
      this.pending.set(line.number, line);
      this.lastNumber = Math.max(this.lastNumber, line.number);
      this.answered = Math.max(this.answered, line.answers);
      return;
    }
    this.documents += 1;
    for (const number of line.numbers) {
      const acknowledgement = this.pending.get(number);
      if (acknowledgement) this.sentAcknowledgements.push(acknowledgement);
      this.pending.delete(number);
    }
  }

  private async run(): Promise<void> {
    let retryMs = 100;
    while (!this.stopped) {
      const document = this.nextDocument();
      if (document.length === 0) {
        await this.wait(100);
        continue;
      }
      const name = await this.send(document);
      if (name === undefined) {
        this.failedAttempts += 1;
        await this.wait(retryMs);
        retryMs = Math.min(retryMs * 2, 5_000);
        continue;
      }
      retryMs = 100;
      const line: SentDocument = { event: 'sent', at: this.settings.now().toISOString(), document: name, numbers: document.map((a) => a.number) };
      await this.journal.append([line]);
      this.take(line);
    }
  }

  /** What goes next: due, no two verdicts and no two equal answers on one message in a document. */
  private nextDocument(): Queued[] {
    const { faults, batch } = this.settings;
    if (faults.paused) return [];
    const at = Date.now();
    let due = [...this.pending.values()].filter((a) => a.dueAt <= at);
    if (faults.outOfOrder) due = [...due.filter((a) => a.level !== 'picked-up').reverse(), ...due.filter((a) => a.level === 'picked-up').reverse()];
    const taken = new Set<string>();
    const document: Queued[] = [];
    for (const one of due) {
      const key = `${one.messageId} ${one.level === 'picked-up' ? 'picked-up' : 'verdict'}`;
      if (taken.has(key)) continue;
      taken.add(key);
      document.push(one);
      if (document.length === batch) break;
    }
    return document;
  }

  /** Sends one document; the name it went under, or undefined where it did not get through. */
  private async send(document: readonly Queued[]): Promise<string | undefined> {
    const { ways, faults } = this.settings;
    const asXml = this.documents % 2 === 0;
    const plain = document.map(({ messageId, level, sha256, code, reason, time }) => ({ messageId, level, sha256, code, reason, time }));
    if (ways.http && !faults.filesInstead) return this.post(ways.http, plain, document.map((a) => a.number), asXml);
    if (ways.files || faults.filesInstead) return this.put(plain, asXml);
    return 'nowhere'; // a channel whose receiver never answers
  }

  private async post(http: { url: string; secret: string }, document: readonly CenterAcknowledgement[], numbers: readonly number[], asXml: boolean): Promise<string | undefined> {
    const { channel, now } = this.settings;
    const body = asXml ? writeAcknowledgementsXml(channel, 'UTF-8', document) : writeAcknowledgementsJson(channel, document);
    // The same on every attempt with the same answers, as the standard asks; numbers tell a repeated answer from a retry.
    const id = `msg_${createHash('sha256').update(JSON.stringify([numbers, document])).digest('hex').slice(0, 32)}`;
    const at = now();
    try {
      const response = await fetch(http.url, {
        method: 'POST',
        body,
        signal: AbortSignal.any([this.abort.signal, AbortSignal.timeout(10_000)]),
        headers: {
          'content-type': asXml ? 'application/xml' : 'application/json',
          'x-channel': channel,
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(http.secret).sign(id, at, body),
        },
      });
      await response.arrayBuffer(); // frees the connection
      return response.ok ? id : undefined;
    } catch {
      return undefined; // refused, reset, timed out or stopped: all of them mean not through, and it is counted
    }
  }

  private async put(document: readonly CenterAcknowledgement[], asXml: boolean): Promise<string> {
    const { channel, stagingDir, now, ways } = this.settings;
    const name = `ack-${writeCenterTime(now()).time}-${randomUUID().slice(0, 8)}.${asXml ? 'xml' : 'json'}`;
    const encoding = ways.encoding ?? 'UTF-8';
    const bytes = asXml ? iconv.encode(writeAcknowledgementsXml(channel, encoding, document), encoding) : Buffer.from(writeAcknowledgementsJson(channel, document));
    const temporary = join(stagingDir, 'ack', `.${name}.part`);
    await writeFile(temporary, bytes, { mode: 0o640 });
    await rename(temporary, join(stagingDir, 'ack', name));
    return name;
  }

  private async wait(longestMs: number): Promise<void> {
    if (this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longestMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => undefined;
  }
}
