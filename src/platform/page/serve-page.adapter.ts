import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface PageFile {
  readonly type: string;
  /** Bytes by content coding; `identity` is always there. */
  readonly bodies: Readonly<Partial<Record<'identity' | 'gzip' | 'br', Buffer>>>;
  readonly etag: string;
  /** Vite writes a hash of the content into the names below assets/: what lies there under a name never changes. */
  readonly lasting: boolean;
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2', '.json': 'application/json; charset=utf-8' };

/**
 * Serves a built page below its address from memory: no file is opened for a request, so none but these can be reached.
 * Addresses that are no file are the page's own and get its index. Put behind helmet, which sets the policy.
 */
export function servePage(folder: string): RequestHandler {
  const files = readFiles(folder);
  return (request: Request, response: Response, next: NextFunction) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    if (request.originalUrl.split('?')[0] === request.baseUrl) return response.redirect(302, `${request.baseUrl}/`);
    const name = request.path.replace(/^\//, '');
    if (files.size === 0) return void response.status(503).type('text/plain').send('This page has not been built: npm run build');
    const file = files.get(name === '' ? 'index.html' : name) ?? (path.posix.basename(name).includes('.') ? undefined : files.get('index.html'));
    if (!file) return void response.status(404).set('cache-control', 'no-store').type('text/plain').send('There is no such file; an older page may be open: load it again.');
    response.set({ 'content-type': file.type, 'cache-control': file.lasting ? 'public, max-age=31536000, immutable' : 'no-cache', etag: file.etag, vary: 'accept-encoding' });
    if (request.header('if-none-match') === file.etag) return void response.status(304).end();
    const coding = request.acceptsEncodings(['br', 'gzip']);
    const body = (coding === 'br' || coding === 'gzip' ? file.bodies[coding] : undefined) ?? file.bodies.identity!;
    if (body !== file.bodies.identity) response.set('content-encoding', String(coding));
    response.set('content-length', String(body.length)).end(request.method === 'HEAD' ? undefined : body);
  };
}

function readFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  // A clone whose page was not built starts all the same, and the page says so.
  const names = new Set(existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll(path.sep, '/')) : []);
  for (const name of names) {
    const type = types[path.extname(name)];
    if (type === undefined) continue; // .gz, .br and the mark of the build
    const read = (ending: string): Buffer | undefined => (names.has(`${name}${ending}`) ? readFileSync(path.join(folder, `${name}${ending}`)) : undefined);
    const identity = readFileSync(path.join(folder, name));
    files.set(name, { type, bodies: { identity, gzip: read('.gz'), br: read('.br') }, etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`, lasting: name.startsWith('assets/') });
  }
  return files;
}
