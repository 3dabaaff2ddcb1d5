import { language } from '../language.js';

/** Every time of this page is the bureau's own, whatever the machine in front of it is set to. */
const zone = 'Asia/Shanghai';
const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

function split(at: string | number): Record<string, string> {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? {} : Object.fromEntries(parts.formatToParts(date).map((part) => [part.type, part.value]));
}

/** 2026-11-25 09:30:05 */
export function dateTime(at: string | number): string {
  const p = split(at);
  return p['year'] === undefined ? String(at) : `${p['year']}-${p['month']}-${p['day']} ${p['hour']}:${p['minute']}:${p['second']}`;
}
/** 2026-11-25 */
export const dateOnly = (at: string | number): string => dateTime(at).slice(0, 10);
/** 09:30 */
export const clockTime = (at: string | number): string => dateTime(at).slice(11, 16);

/** An instant for the API out of a day in Shanghai, YYYY-MM-DD, and a time, HH:MM or HH:MM:SS. */
export const instantOf = (day: string, time = '00:00'): string => new Date(`${day}T${time.length === 5 ? `${time}:00` : time}+08:00`).toISOString();

/** A length of time in words, its two largest units: 3 分 20 秒, 2 d 4 h; with `most` 1 only the largest. */
export function duration(ms: number, most = 2): string {
  const zh = language.value === 'zh';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [number, string, string][] = [[86_400, ' 天', ' d'], [3600, ' 小时', ' h'], [60, ' 分', ' min'], [1, ' 秒', ' s']];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return zh ? '0 秒' : '0 s';
  let rest = seconds;
  return units.slice(first, first + most).map(([size, chinese, english]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? '' : `${count}${zh ? chinese : english}`;
  }).filter((text) => text !== '').join(' ');
}

/** Milliseconds where a second is too coarse: 840 ms, 2.4 s, then as duration. */
export function latency(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}${language.value === 'zh' ? ' 秒' : ' s'}` : duration(ms);
}

export const count = (n: number | bigint): string => n.toLocaleString('en-US');

/** Money of the API, fen as text, in yuan: 1,234.50 */
export function yuan(fen: string): string {
  const negative = fen.startsWith('-');
  const digits = fen.replace(/^-/, '').padStart(3, '0');
  return `${negative ? '-' : ''}${BigInt(digits.slice(0, -2)).toLocaleString('en-US')}.${digits.slice(-2)}`;
}

export function bytes(n: number): string {
  return n < 1024 ? `${n} B` : n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}
