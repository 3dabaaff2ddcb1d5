const dayMs = 86_400_000;
const shanghaiMs = 8 * 3_600_000;

/** Whether a job that runs each day at `at` (HH:MM in Asia/Shanghai, which has no summer time) has not run since that hour last struck. */
export function tellNightlyDue(now: Date, at: string, last: Date): boolean {
  const [hours, minutes] = at.split(':').map(Number) as [number, number];
  const ofDay = (hours * 60 + minutes) * 60_000;
  const local = now.getTime() + shanghaiMs;
  const today = Math.floor(local / dayMs) * dayMs + ofDay;
  const struck = (today <= local ? today : today - dayMs) - shanghaiMs;
  return last.getTime() < struck;
}
