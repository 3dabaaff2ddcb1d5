import nodemailer from 'nodemailer';
import { Webhook } from 'standardwebhooks';
import type { Notice } from '../domain/alarm-notice.js';
import { tellNotifiers, type AlarmSettings } from '../domain/alarm-settings.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { writeNoticeMail } from './write-notice.js';

/** The ways on which notices leave: log, webhook, e-mail. */
export class Notifiers {
  /** Those that are configured. */
  readonly names: readonly string[];

  constructor(
    private readonly settings: AlarmSettings,
    private readonly instance: string,
    private readonly clock: Clock,
    private readonly log: GatewayLog,
  ) {
    this.names = tellNotifiers(settings);
  }

  /** Sends and returns when the other side has taken it; throws with a text that a person understands. A notice may come twice with the same id. */
  async send(notifier: string, notice: Notice): Promise<void> {
    if (notifier === 'log') this.write(notice);
    else if (notifier === 'webhook') await this.post(notice);
    else if (notifier === 'email') await this.mail(notice);
    else throw new Error(`there is no notifier ${notifier}`);
  }

  private write(notice: Notice): void {
    if (notice.type === 'gateway.alarms.test') this.log.warn({ notice: notice.id }, 'alarm test');
    for (const [what, groups] of [['alarm', notice.raised], ['alarm still stands', notice.standing], ['alarm is over', notice.ended]] as const) {
      for (const g of groups) {
        const fields = { notice: notice.id, kind: g.kind, severity: g.severity, count: g.count, alarms: g.alarms.map((a) => ({ key: a.key, channel: a.channel, text: a.text, remedy: a.remedy, since: a.since, endedAt: a.endedAt })) };
        const line = `${what}: ${g.title}`;
        if (groups === notice.ended) this.log.info(fields, line);
        else if (g.severity === 'critical') this.log.error(fields, line);
        else this.log.warn(fields, line);
      }
    }
  }

  private async post(notice: Notice): Promise<void> {
    const { url, secret, timeoutMs } = this.settings.webhook;
    if (url === undefined || secret === undefined) throw new Error('alarms.webhook.url and secret are not configured');
    const body = JSON.stringify(notice);
    const at = this.clock.now();
    const signature = new Webhook(secret).sign(notice.id, at, body);
    let answer: Response;
    try {
      answer = await fetch(url, {
        method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(timeoutMs),
        headers: { 'content-type': 'application/json; charset=utf-8', 'webhook-id': notice.id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)), 'webhook-signature': signature },
      });
    } catch (error) {
      // The address may hold a token: it is not named.
      const cause = (error as { cause?: { code?: string; message?: string } }).cause;
      throw new Error(`the webhook cannot be reached: ${cause?.code ?? cause?.message ?? (error as Error).message}`, { cause: error });
    }
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the webhook answered ${answer.status}, expected 2xx`);
  }

  private async mail(notice: Notice): Promise<void> {
    const { host, port, tls, user, password, from, to, timeoutMs } = this.settings.email;
    if (host === undefined || from === undefined || to === undefined) throw new Error('alarms.email.host, from and to are not configured');
    const transport = nodemailer.createTransport({
      host, port, secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none',
      ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
      connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, disableFileAccess: true, disableUrlAccess: true,
    });
    try {
      const { subject, text } = writeNoticeMail(notice);
      // Mail readers show a message that came twice once, because its id is that of the notice.
      const sent = await transport.sendMail({ from: { name: this.instance, address: from }, to, subject, text, messageId: `<${notice.id}@${this.instance}>`, headers: { 'Auto-Submitted': 'auto-generated' } });
      if (sent.rejected.length > 0) throw new Error(`the mail server refused ${sent.rejected.length} of ${to.length} addresses`);
    } catch (error) {
      const { code, responseCode, message } = error as { code?: string; responseCode?: number; message: string };
      throw new Error(`the mail was not taken by ${host}:${port}: ${[code, responseCode].filter((p) => p !== undefined).join(' ')} ${message}`.slice(0, 500), { cause: error });
    } finally {
      transport.close();
    }
  }
}
