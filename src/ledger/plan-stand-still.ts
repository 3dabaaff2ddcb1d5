import { nextState, throughStates, type ExchangeState } from '../domain/exchange-states.js';

/** hold: nothing but a release moves it on; release; park: it waits for a person, a correction sends it; skip: its lane goes on without it. */
export const standStillKinds = ['hold', 'release', 'park', 'skip'] as const;
export type StandStillKind = (typeof standStillKinds)[number];

export interface StandStillFacts {
  readonly state: ExchangeState;
  /** Of parked and held ones. */
  readonly parkedFrom?: ExchangeState | undefined;
  /** A worker holds it now. */
  readonly claimed: boolean;
  /** State of the manifest that lists it. */
  readonly manifest?: 'prepared' | 'carried' | 'staged' | undefined;
  readonly skipped: boolean;
  readonly laneRule: 'accepted' | 'staged';
  /** Messages of its lane after it that are not through, in their order. */
  readonly behind: readonly { readonly id: string; readonly event: string }[];
}

export type StandStillStep =
  | { readonly action: 'move'; readonly to: ExchangeState; readonly text: string }
  | { readonly action: 'none'; readonly why: string };

const whyNot: Readonly<Record<StandStillKind, Readonly<Partial<Record<ExchangeState, string>>>>> = {
  hold: {
    staged: 'the receiver can have it already', picked_up: 'the receiver has it', accepted: 'the receiver has accepted it', refused: 'the receiver refused it: it stands still already',
    parked: 'it waits for a person: it stands still already', held: 'it is held already', superseded: 'a newer version has taken its place', cancelled: 'it was cancelled',
  },
  release: {},
  park: {
    staged: 'the receiver can have it already', picked_up: 'the receiver has it', accepted: 'the receiver has accepted it', refused: 'the receiver refused it: it waits for a person already',
    parked: 'it waits for a person already', held: 'an administrator holds it: release it first', superseded: 'a newer version has taken its place', cancelled: 'it was cancelled',
  },
  skip: {
    captured: 'nothing stopped it: it is waiting to be rendered', rendered: 'nothing stopped it: it is waiting for its turn in the lane', accepted: 'nothing waits for it any more',
    superseded: 'nothing waits for it any more', cancelled: 'nothing waits for it any more',
  },
};

/** What holding, releasing, parking or skipping does with one exchange. */
export function planStandStill(kind: StandStillKind, f: StandStillFacts): StandStillStep {
  const none = (why: string): StandStillStep => ({ action: 'none', why });
  const to = nextState(f.state, kind, f.parkedFrom);
  if (to === undefined) return none(whyNot[kind][f.state] ?? (kind === 'release' ? `nobody holds it: it is ${f.state}` : `nothing leads from ${f.state} there`));
  if (kind === 'skip') return planSkip(to, f);
  if (kind === 'release') return { action: 'move', to, text: to === 'captured' ? 'goes on: rendered, then sent in its turn' : 'goes on: sent in its turn with the bytes that it has' };
  if (f.state === 'rendered' && f.manifest === 'prepared') return none('a manifest that is just being delivered lists it');
  if (f.state === 'rendered' && f.manifest === 'carried') return none('it is in a hand-over package');
  // A rendering can be taken away from its worker; a delivery may be past the point of no return.
  if (f.state === 'rendered' && f.claimed) return none('a worker has it in hand; try again in a minute');
  return { action: 'move', to, text: `${kind === 'hold' ? 'held until it is released' : 'waits for a person'}${waits(f)}` };
}

function planSkip(to: ExchangeState, f: StandStillFacts): StandStillStep {
  if (f.skipped) return { action: 'none', why: 'its lane does not wait for it any more' };
  if (throughStates(f.laneRule).includes(f.state)) return { action: 'none', why: 'its lane does not wait for it: this channel goes on once a message is staged' };
  const sent = f.state === 'staged' || f.state === 'picked_up';
  const next = f.behind.length === 0 ? 'nothing waits behind it now' : `${f.behind.length} go on before the receiver has ${sent ? 'answered it' : 'it'} (${named(f.behind)}); the receiver may refuse them for that`;
  return { action: 'move', to, text: `${next}; ${sent ? 'its answer is still taken when it comes' : 'retried later it goes after all others of its case'}` };
}

const waits = (f: StandStillFacts): string => (f.behind.length === 0 ? '' : `; ${f.behind.length} behind it in its lane wait too (${named(f.behind)})`);
const named = (behind: StandStillFacts['behind']): string => behind.slice(0, 5).map((b) => `${b.event} ${b.id}`).join(', ') + (behind.length > 5 ? ', ...' : '');
