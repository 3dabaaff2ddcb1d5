/** Day and time of an instant as the center writes them: Asia/Shanghai, which has no summer time since 1991. */
export function writeCenterTime(instant: Date): { day: string; time: string } {
  const shifted = new Date(instant.getTime() + 8 * 3_600_000).toISOString().replaceAll(/[-:]/g, '');
  return { day: shifted.slice(0, 8), time: shifted.slice(0, 15) };
}
