import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100; // USER_HZ, which Linux fixes for /proc whatever the kernel's own tick is

/** CPU seconds of this process's descendants by program name (sshd's parts count as sshd), those that ended meanwhile included; empty where there is no /proc. */
export function tallyCpu(root = process.pid): Map<string, number> {
  const seen = new Map<number, { parent: number; name: string; ticks: number }>();
  for (const entry of listProcesses()) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0); // own and of children that were waited for
      seen.set(Number(entry), { parent: Number(fields[1]), name: name.replace(/^sshd.*/, 'sshd'), ticks });
    } catch {
      continue; // it ended between the two looks
    }
  }
  const below = (pid: number): boolean => {
    for (let at = seen.get(pid)?.parent; at !== undefined && at > 0; at = seen.get(at)?.parent) if (at === root) return true;
    return false;
  };
  const out = new Map<string, number>();
  for (const [pid, p] of seen) if (below(pid)) out.set(p.name, (out.get(p.name) ?? 0) + p.ticks / ticksPerSecond);
  return out;
}

/** What was used since `before`, as text. */
export function tellCpu(before: ReadonlyMap<string, number>): string {
  return [...tallyCpu()].map(([name, s]) => [name, s - (before.get(name) ?? 0)] as const).filter(([, s]) => s >= 0.01).map(([name, s]) => `${name} ${s.toFixed(2)}`).join(', ');
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
