import type { IncomingMessage } from 'node:http';

/** The paths whose body nobody else may parse: the signature covers its bytes, and what is malformed is kept too. */
const rawPaths: readonly string[] = ['/api/acknowledgements', '/api/returns'];

/** Whether a request's body belongs to one of these endpoints; other parsers must pass it by. */
export function takesRawBody(request: { readonly url?: string | undefined }): boolean {
  return rawPaths.includes((request.url ?? '').split('?')[0]!.replace(/\/+$/, ''));
}

/** The body as it came. Throws when another parser took it before: that is a fault of the wiring. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'too-large' | 'aborted'> {
  if (request.readableEnded) throw new Error('the body was parsed before it could be verified: leave out requests where takesRawBody(request) holds');
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.resolve('too-large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // What still comes is let run out unread, so that the sender gets to see the answer.
      if (size > limitBytes) resolve('too-large');
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', () => resolve('aborted'));
    request.once('close', () => resolve('aborted'));
  });
}
