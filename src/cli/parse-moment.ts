/**
 * A moment that a person typed, as UTC ISO text: `2026-11-23`, `2026-11-23 09:30`, `2026-11-23T09:30:15` in Asia/Shanghai, or
 * with a zone (`Z`, `+08:00`). Undefined when it is none.
 */
export function parseMoment(text: string): string | undefined {
  const m = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2}))?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text.trim());
  if (m === null || (m[4] !== undefined && m[2] === undefined)) return undefined;
  const at = new Date(`${m[1]!}T${m[2] ?? '00:00'}:${m[3] ?? '00'}${m[4] ?? '+08:00'}`);
  // Date turns 31 February into March.
  const day = Number(m[1]!.slice(8));
  const shifted = new Date(Date.parse(`${m[1]!}T00:00:00Z`));
  return Number.isNaN(at.getTime()) || Number.isNaN(shifted.getTime()) || shifted.getUTCDate() !== day ? undefined : at.toISOString();
}
