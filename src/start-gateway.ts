import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppModule, type GatewayParts } from './app.module.js';
import { createLog, NestLog } from './platform/log.adapter.js';
import { servePage } from './platform/page/serve-page.adapter.js';

export interface RunningGateway {
  readonly app: INestApplication;
  /** `http://host:port`; undefined in a process without the api role. */
  readonly url?: string | undefined;
  /** Drains and stops; loses nothing. */
  stop(): Promise<void>;
}

/** Pages lie below dist/ as Vite built them, also for a process that runs from src/ (a test). */
const built = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'dist');
/** Address of each page and the folder that it was built into. */
const pages: readonly (readonly [address: string, folder: string])[] = [['/ops', 'ops/page']];
const inquiryPage: typeof pages = [['/inquiry', 'inquiry/page']];

/** Starts the gateway's roles in this process. */
export async function startGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { settings } = parts;
  const log = parts.log ?? createLog({ level: settings.log.level, instance: settings.instance });
  // The body parser is the acknowledgement route's own: signatures are made over raw bytes.
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register({ ...parts, log }), { logger: new NestLog(log), bodyParser: false, abortOnError: false });
  if (!settings.roles.includes('api')) {
    await app.init();
    return { app, stop: () => app.close() };
  }
  // Nothing inline and nothing from elsewhere; only the documentation pages, which hold no case data, style themselves.
  const strict = { defaultSrc: ["'none'"], scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'", 'data:'], fontSrc: ["'self'"], connectSrc: ["'self'"], formAction: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"], objectSrc: ["'none'"] };
  const policy = (directives: Record<string, Iterable<string>>) => helmet({ contentSecurityPolicy: { useDefaults: false, directives }, referrerPolicy: { policy: 'no-referrer' }, frameguard: { action: 'deny' } });
  const [page, documentation] = [policy(strict), policy({ ...strict, styleSrc: ["'self'", "'unsafe-inline'"] })];
  app.use((request: Request, response: Response, next: NextFunction) => (/^\/api\/(docs|[a-z]+\/examples)(\/|$)/.test(request.path) ? documentation : page)(request, response, next));
  // One proxy: of X-Forwarded-For the last entry is its own, all before it were written by whoever sent the request.
  app.set('trust proxy', settings.http.trustProxy ? 1 : false);
  app.disable('x-powered-by');
  for (const [address, folder] of [...pages, ...(settings.inquiry.key === undefined ? [] : inquiryPage)]) app.use(address, servePage(path.join(built, folder)));
  app.use((request: Request, response: Response, next: NextFunction) => (request.path === '/' && request.method === 'GET' ? response.redirect(302, '/ops/') : next()));
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('Exchange gateway').setDescription('Acknowledgements from the center, clearance, inquiry, health and metrics').setVersion('1').build());
  SwaggerModule.setup('api/docs', app, document, { jsonDocumentUrl: 'api/openapi.json' });
  await app.listen(settings.http.port, settings.http.host);
  const address = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://${settings.http.host.includes(':') ? `[${settings.http.host}]` : settings.http.host}:${address.port}`, stop: () => app.close() };
}
