/** Without these limits a worker waits for ever on a line that went silent; a connection whose query failed is not used again. */
export function postgresLine(url: string, silentMs: number): { connectionString: string; connectionTimeoutMillis: number; query_timeout: number; keepAlive: boolean } {
  return { connectionString: url, connectionTimeoutMillis: silentMs, query_timeout: silentMs, keepAlive: true };
}
