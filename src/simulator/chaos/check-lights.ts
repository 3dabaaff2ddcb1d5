import type { MessageEntry } from '../center/center-case.store.js';
import { superviseCase, type CardLevel, type Supervised, type SupervisedCase } from './derive-lights.js';
import { keyOf, type Evidence } from './gather-evidence.js';
import { makeCounts, secondOf, type Counts } from './reckon-time.js';
import { punctualMs, type BureauCase, type SupervisionTally, type SupervisionWitness, type Violation, type ViolationKind } from './witness.js';

/** Whose rules the channel tells of; its lights have this as their number, its cards begin with it. */
const body = 'hunan';
const objects: Readonly<Record<string, Supervised['object']>> = { 1: 'case', 2: 'special', 3: 'certificate', 4: 'pre-acceptance', 5: 'step' };
const levels: Readonly<Record<string, CardLevel>> = { 1: 'warning', 2: 'yellow', 3: 'red' };
const colours: Readonly<Record<string, string>> = { 0: 'out', 1: 'green', 2: 'yellow', 3: 'red', 4: 'grey' };
/** How much earlier than the moment of a card its forbidding entry must be dated to have been there for certain. */
const punctualSeconds = Math.ceil(punctualMs / 1000) + 1;

type Tally = { -readonly [P in keyof SupervisionTally]: SupervisionTally[P] extends number ? number : { -readonly [K in keyof SupervisionTally[P]]: number } };

/** A light or card as the receiver holds it; times are seconds. */
interface Told {
  readonly entry: MessageEntry;
  readonly text: (element: string) => string;
  readonly at: (element: string) => number;
}

/**
 * Judges what the supervising side holds of lights and cards by the bureau's rows alone: the last light of each case, each light
 * against the first moment at which it may come, each card against its crossing, each crossing against its card. That the
 * ledger, the manifests and the receiver say the same of these messages is judged with all others.
 */
export function checkLights(evidence: Evidence, by: SupervisionWitness): { violations: Violation[]; tally: SupervisionTally } {
  const judge = new LightJudge(evidence, by);
  const unreadable = new Set(evidence.input.ledger.unreadable.map((u) => u.caseNo));
  for (const bureauCase of evidence.input.bureau.cases.values()) if (!unreadable.has(bureauCase.caseNo)) judge.look(bureauCase);
  return { violations: judge.violations, tally: judge.tally };
}

class LightJudge {
  readonly violations: Violation[] = [];
  readonly tally: Tally = { lights: { judged: 0, lit: 0, grey: 0, onEdge: 0, waiting: 0 }, cards: { judged: 0, exact: 0, doubtful: 0, waiting: 0, due: 0 }, lightsInTime: 0, punctual: { cases: 0, spared: 0, crossed: 0 } };
  private readonly counts: Counts;
  /** Of the case that is looked at, by second. */
  private readonly views = new Map<number, SupervisedCase>();
  private readonly since: number;
  private readonly lights = new Map<string, Told[]>();
  private readonly cards = new Map<string, Told[]>();

  constructor(
    private readonly evidence: Evidence,
    private readonly by: SupervisionWitness,
  ) {
    this.counts = makeCounts(by.office);
    this.since = Date.parse(evidence.input.ledger.supervisesSince ?? '') / 1000;
    for (const entry of evidence.applied) if (entry.message === 'light' && entry.operation !== 'D') this.keep(this.lights, entry);
    for (const entry of evidence.standing.values()) if (entry.message === 'card' && entry.operation !== 'D') this.keep(this.cards, entry);
  }

  look(bureauCase: BureauCase): void {
    const { settledAt, readAt, punctual } = this.by;
    this.views.clear();
    const view = this.at(bureauCase, settledAt);
    this.judgeLastLight(bureauCase, view, this.at(bureauCase, readAt));
    this.judgeLightsInTime(bureauCase);
    const told = this.cards.get(bureauCase.caseNo) ?? [];
    this.judgeOnce(bureauCase, told);
    for (const card of told) this.judgeCard(bureauCase, card);
    this.judgeMissing(bureauCase, view, told);
    if (punctual.has(bureauCase.caseNo)) this.countPunctual(bureauCase, view);
  }

  private at(bureauCase: BureauCase, second: number): SupervisedCase {
    const known = this.views.get(second) ?? superviseCase(bureauCase, second, this.counts, this.by.stepLimits);
    this.views.set(second, known);
    return known;
  }

  private keep(place: Map<string, Told[]>, entry: MessageEntry): void {
    // Bytes that the archive does not hold are judged by their own rule.
    const texts = this.evidence.center.contents.get(entry.messageId);
    if (texts === undefined) return;
    const text = (element: string): string => texts[`BODY/${element}`]?.[0] ?? '';
    const at = (element: string): number => secondOf(text(element).replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3 $4:$5:$6')) ?? NaN;
    place.set(entry.caseNo, [...(place.get(entry.caseNo) ?? []), { entry, text, at }]);
  }

  private say(kind: ViolationKind, caseNo: string, text: string, messageId?: string): void {
    this.violations.push({ kind, channel: this.evidence.channel, caseNo, text, ...(messageId === undefined ? {} : { messageId }) });
  }

  /** Whether a newer version is under way or waits with a reason; the rules about unsettled exchanges see to it. */
  private waits(caseNo: string, event: string, sequence: string, version: number): boolean {
    const newest = this.evidence.newest.get(keyOf(caseNo, event, sequence));
    if (newest === undefined) return false;
    return newest.state === 'parked' || newest.state === 'refused' || (newest.version > version && newest.state !== 'cancelled' && newest.state !== 'superseded');
  }

  private judgeLastLight({ caseNo }: BureauCase, view: SupervisedCase, later: SupervisedCase): void {
    const { lights } = this.tally;
    const standing = this.evidence.standing.get(keyOf(caseNo, 'light', body));
    if (this.waits(caseNo, 'light', body, standing?.version ?? 0)) {
      lights.waiting += 1;
      return;
    }
    const told = standing === undefined || standing.operation === 'D' ? '0' : this.lights.get(caseNo)?.find((l) => l.entry === standing)?.text('LIGHT');
    if (told === undefined) return;
    lights.judged += 1;
    if (view.light !== '0') lights.lit += 1;
    if (view.light === '4') lights.grey += 1;
    if (view.light !== later.light) lights.onEdge += 1;
    if (told === view.light || told === later.light) return;
    const newest = this.evidence.newest.get(keyOf(caseNo, 'light', body));
    if (standing === undefined && newest === undefined) this.say('lost', caseNo, `by the rows its light is ${colours[view.light]}, and the ledger knows of none`);
    else this.say('misjudged', caseNo, `by the rows its light is ${colours[view.light]}, the supervising side holds ${colours[told] ?? told}`, standing?.messageId);
  }

  /** No light before its moment: where nothing can have stopped the clock, that does not depend on when the rows were written. */
  private judgeLightsInTime(bureauCase: BureauCase): void {
    const whole = this.at(bureauCase, this.by.readAt).objects.find((o) => o.object === 'case');
    let before = -Infinity;
    for (const { entry, text, at } of this.lights.get(bureauCase.caseNo) ?? []) {
      const lit = at('LIGHT_TIME');
      if (lit < before) this.say('disorder', bureauCase.caseNo, `light version ${entry.version} was lit before the one that came before it`, entry.messageId);
      before = lit;
      if (whole === undefined || (bureauCase.children['specials'] ?? []).length > 0) continue;
      const { warning = Infinity, yellow = Infinity, red = Infinity } = whole.crossings;
      const earliest = text('LIGHT') === '3' ? Math.min(yellow, red) : text('LIGHT') === '2' ? warning : -Infinity;
      this.tally.lightsInTime += 1;
      if (lit < earliest) this.say('misjudged', bureauCase.caseNo, `light version ${entry.version} was ${colours[text('LIGHT')]} before its moment`, entry.messageId);
    }
  }

  private judgeOnce({ caseNo }: BureauCase, told: readonly Told[]): void {
    const seen = new Set<string>();
    for (const { entry, text } of told) {
      const key = ['OBJECT_TYPE', 'OBJECT_ID', 'RESULT'].map(text).join(' ');
      if (seen.has(key)) this.say('doubled', caseNo, `two ${levels[text('RESULT')]} cards for ${objects[text('OBJECT_TYPE')]} ${text('OBJECT_ID')}`, entry.messageId);
      seen.add(key);
    }
  }

  private judgeCard(bureauCase: BureauCase, { entry, text, at }: Told): void {
    const { caseNo } = bureauCase;
    const { cards } = this.tally;
    if (this.waits(caseNo, 'card', entry.sequence, entry.version)) {
      cards.waiting += 1;
      return;
    }
    const [object, level] = [objects[text('OBJECT_TYPE')], levels[text('RESULT')]];
    if (object === undefined || level === undefined) return this.say('unexplained', caseNo, `card ${entry.sequence} is for nothing that is supervised`, entry.messageId);
    cards.judged += 1;
    const [crossed, issued] = [at('CROSS_TIME'), at('ISSUE_TIME')];
    const find = (view: SupervisedCase): Supervised | undefined => view.objects.find((o) => o.object === object && o.sequence === text('OBJECT_ID'));
    const then = find(this.at(bureauCase, issued));
    const given = then?.reached.includes(level) === true;
    const stands = text('REVIEW') === '1';
    const name = `the ${level} card for ${object} ${text('OBJECT_ID')}`;
    if (issued < crossed) this.say('misjudged', caseNo, `${name} was issued before its moment`, entry.messageId);
    if (stands && !given) this.say('misjudged', caseNo, `${name} stands, and by the rows its moment had not come when it was issued`, entry.messageId);
    if (!stands && given) this.say('misjudged', caseNo, `${name} is told not to stand, and by the rows it does`, entry.messageId);
    if (!stands) cards.doubtful += 1;
    // A reopened case closes at another time, and a card stays as it was issued.
    if (stands && given && !then.stopped && object !== 'certificate') {
      cards.exact += 1;
      if (then.crossings[level] !== crossed) this.say('misjudged', caseNo, `${name} names another moment than the rows give`, entry.messageId);
    }
    if (stands || !this.by.punctual.has(caseNo) || object === 'pre-acceptance') return;
    // All that was entered by then was there to be read: a card that it forbids harms somebody, although it was withdrawn.
    const before = find(this.at(bureauCase, crossed - punctualSeconds));
    if (before !== undefined && (before.endedAt !== undefined || (before.crossings[level] ?? Infinity) > crossed)) this.say('misjudged', caseNo, `${name} was issued although the clock stood still or had ended at its moment`, entry.messageId);
  }

  private judgeMissing({ caseNo }: BureauCase, view: SupervisedCase, told: readonly Told[]): void {
    const { cards } = this.tally;
    // What ended before the ledger supervised gets no card; within two seconds of that either is right.
    const supervised = (endedAt: number | undefined): boolean => endedAt === undefined || endedAt > this.since + 2;
    if (!supervised(view.endedAt)) return;
    for (const o of view.objects) {
      for (const level of supervised(o.endedAt) ? o.reached : []) {
        if (told.some(({ text }) => objects[text('OBJECT_TYPE')] === o.object && text('OBJECT_ID') === o.sequence && levels[text('RESULT')] === level)) cards.due += 1;
        else if (this.waits(caseNo, 'card', `${body}.${o.object}.${o.sequence}.${level}`, 0)) cards.waiting += 1;
        else this.say('lost', caseNo, `by the rows there is a ${level} card for ${o.object} ${o.sequence}, and the supervising side holds none`);
      }
    }
  }

  private countPunctual(bureauCase: BureauCase, view: SupervisedCase): void {
    const { punctual } = this.tally;
    punctual.cases += 1;
    const unstopped = superviseCase({ ...bureauCase, case: { ...bureauCase.case, closed_at: null, withdrawn_at: null }, children: { ...bureauCase.children, specials: [] } }, this.by.settledAt, this.counts, this.by.stepLimits);
    const passed = unstopped.objects.find((o) => o.object === 'case')?.reached ?? [];
    const reached = view.objects.find((o) => o.object === 'case')?.reached ?? [];
    if (passed.some((level) => !reached.includes(level))) punctual.spared += 1;
    punctual.crossed += reached.length;
  }
}
