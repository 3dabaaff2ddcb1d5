/** A length of time in its two largest units: `850 ms`, `12 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = Math.floor(ms / 1_000);
  if (s < 60) return `${s} s`;
  const [min, h, d] = [Math.floor(s / 60), Math.floor(s / 3_600), Math.floor(s / 86_400)];
  if (min < 60) return pair(min, 'min', s % 60, 's');
  if (h < 24) return pair(h, 'h', min % 60, 'min');
  return pair(d, 'd', h % 24, 'h');
}

function pair(a: number, unitA: string, b: number, unitB: string): string {
  return b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`;
}

/** The same in Chinese: `12 秒`, `4 分 10 秒`, `3 小时 5 分`, `2 天 4 小时`; with a space before what follows. */
export function formatDurationZh(ms: number): string {
  return formatDuration(ms).replace(/ms|[a-z]+/g, (unit) => ({ ms: '毫秒', s: '秒', min: '分', h: '小时', d: '天' })[unit]!);
}
