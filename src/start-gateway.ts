import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { AddressInfo } from 'node:net';
import { AppModule, type GatewayParts } from './app.module.js';
import { createLog, NestLog } from './platform/log.adapter.js';

export interface RunningGateway {
  readonly app: INestApplication;
  /** `http://host:port`; undefined in a process without the api role. */
  readonly url?: string | undefined;
  /** Drains and stops; loses nothing. */
  stop(): Promise<void>;
}

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
  app.set('trust proxy', settings.http.trustProxy);
  app.disable('x-powered-by');
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('Exchange gateway').setDescription('Acknowledgements from the center, health and metrics').setVersion('1').build());
  SwaggerModule.setup('api/docs', app, document, { jsonDocumentUrl: 'api/openapi.json' });
  await app.listen(settings.http.port, settings.http.host);
  const address = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://${settings.http.host.includes(':') ? `[${settings.http.host}]` : settings.http.host}:${address.port}`, stop: () => app.close() };
}
