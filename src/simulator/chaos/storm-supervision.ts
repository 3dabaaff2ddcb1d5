import { beginOf, dayOf } from './reckon-time.js';
import type { StepLimit } from './witness.js';

/** How the storm's gateway is supervised: as config/ says, and so that limits pass at any hour and steps have limits too. */

/** How long a card waits before it asks again whether the capture knows its moment; see supervision.askAgainMs. */
export const askAgainMs = 1_000;

export const stepLimits: readonly StepLimit[] = [{ stage: 'PZ', length: 3, unit: 'W' }];

const dayText = (day: number): string => new Date((beginOf(day) + 8 * 3_600) * 1000).toISOString().slice(0, 10);

/** From today on the office never closes, else nothing would pass in a storm at night or on a Sunday. */
export function openOffice(nowMs: number): { hours: { from: string; morning: string; afternoon: string }; workingDays: { day: string; reason: string } } {
  const today = dayOf(Math.floor(nowMs / 1000));
  return { hours: { from: dayText(today), morning: '00:00-12:00', afternoon: '12:00-24:00' }, workingDays: { day: `${dayText(today)}..${dayText(today + 1)}`, reason: 'the storm' } };
}
