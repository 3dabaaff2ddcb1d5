import type { Request, Response } from 'express';
import type { AcknowledgementReception } from './acknowledgement-reception.adapter.js';
import { readBody } from './request-body.adapter.js';

/** Hands a pushed document to its reception and writes the answer. */
export async function answerPush(reception: AcknowledgementReception, request: Request, response: Response): Promise<void> {
  const answer = await reception.receive({
    remote: request.ip ?? request.socket.remoteAddress ?? '',
    channel: request.get('x-channel'),
    contentType: request.get('content-type'),
    contentEncoding: request.get('content-encoding'),
    contentLength: announced(request.get('content-length')),
    signature: { id: request.get('webhook-id'), timestamp: request.get('webhook-timestamp'), signature: request.get('webhook-signature') },
    readBody: (limitBytes) => readBody(request, limitBytes),
  });
  if (answer.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(answer.retryAfterSeconds));
  // What is left of an oversized body is not waited for on this connection.
  if (answer.status === 413) response.setHeader('Connection', 'close');
  response.setHeader('Cache-Control', 'no-store');
  response.status(answer.status).json(answer.body);
}

const announced = (length: string | undefined): number | undefined => (length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined);
