/** The system's code of an error (`ENOENT`), or undefined; asks for the property, as errors of another realm are no `Error` here. */
export function tellErrorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
