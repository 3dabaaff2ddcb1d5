import type { DryRange } from '../../domain/ops-dry-run-api.js';
import type { MappedMessage } from './render-case.js';

type Group = DryRange['groups'][number];

/** Causes that are kept apart; what comes beyond goes under the last one of its message. */
const mostGroups = 200;
const mostExamples = 5;

/** Counts what many messages lack, cause by cause; the same cause in another case differs only in the rows it names. */
export class FindingGroups {
  private readonly groups = new Map<string, { group: Omit<Group, 'count' | 'examples'>; count: number; examples: string[] }>();
  messages = 0;
  good = 0;

  add(caseNo: string, message: MappedMessage): void {
    this.messages += 1;
    const { findings, failure } = message;
    if (findings.length === 0 && !failure) {
      this.good += 1;
      return;
    }
    const causes = findings.map((f) => ({ rule: f.rule, element: general(f.element), source: f.source.replace(/ \(.*\)$/, ''), text: f.text, remedy: f.remedy.replace(/ \([^)]*\)/g, '') }));
    const all = failure ? [...causes, { rule: failure.code, element: '', source: '', text: failure.text, remedy: failure.remedy }] : causes;
    // A case that lacks the same thing in three rows is one case.
    const seen = new Set<string>();
    for (const cause of all) {
      const key = JSON.stringify([message.channel, message.event, cause.rule, cause.element, cause.source]);
      if (seen.has(key)) continue;
      seen.add(key);
      this.count(key, { channel: message.channel, event: message.event, ...cause }, caseNo);
    }
  }

  list(): Group[] {
    return [...this.groups.values()].sort((a, b) => b.count - a.count).map(({ group, count, examples }) => ({ ...group, count, examples }));
  }

  private count(key: string, group: Omit<Group, 'count' | 'examples'>, caseNo: string): void {
    const full = this.groups.size >= mostGroups && !this.groups.has(key);
    const own = full ? JSON.stringify([group.channel, group.event, 'others']) : key;
    const known = this.groups.get(own) ?? { group: full ? { ...group, rule: 'others', element: '', source: '', text: 'further causes', remedy: 'narrow the search' } : group, count: 0, examples: [] };
    this.groups.set(own, known);
    known.count += 1;
    if (known.examples.length < mostExamples && !known.examples.includes(caseNo)) known.examples.push(caseNo);
  }
}

/** An element without the numbers of its repetitions. */
const general = (element: string): string => element.replaceAll(/\[\d+\]/g, '');
