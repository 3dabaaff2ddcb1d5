import type { Criterion, ItemId, ItemKind, ReasonCode } from './reconciliation-outcomes.js';
import type { Day } from './reconciliation-records.js';
import type { CaseNo, ChannelName, Instant } from './vocabulary.js';

/** Reconciliation on the ops page: JSON below `/api/ops/reconciliation`. Money is fen as text; texts for people come in both languages. */

interface Both { readonly zh: string; readonly en: string }
export interface Amount { readonly count: number; readonly fen: string }

// ---- how it stands ----
export type Severity = 'normal' | 'attention' | 'supervision';
export interface ReasonLine {
  readonly code: ReasonCode;
  readonly severity: Severity;
  readonly text: Both;
  readonly next: Both;
  /** Open now. */
  readonly count: number;
  readonly expectedFen: string;
  readonly returnedFen: string;
  readonly oldest?: Day | undefined;
}
export interface ReconciliationOverview {
  readonly at: Instant;
  readonly today: Day;
  readonly closedUpTo?: Day | undefined;
  /** Every reason, those with open differences or not. */
  readonly reasons: readonly ReasonLine[];
  /** Decisions that wait for a second person. */
  readonly proposed: number;
  /** Who may look after a difference. */
  readonly people: readonly string[];
  readonly twoPersonsAboveFen: string;
  readonly suspenseDays: number;
  /** Cases that were cleared once and are not any more. */
  readonly contradicted: { readonly count: number; readonly cases: readonly CaseNo[] };
  readonly writeBack: { readonly configured: boolean; readonly owed: number; readonly oldest?: Instant | undefined; readonly failure?: string | undefined };
}
/** Part of Today: whether yesterday balances. */
export interface ReconciliationToday {
  readonly day: Day;
  /** quiet: nothing was charged, returned or open. */
  readonly state: 'closed' | 'ties-out' | 'does-not-tie-out' | 'quiet';
  readonly obstacles: number;
  readonly first?: Both | undefined;
  /** Open differences that somebody has to see to. */
  readonly open: number;
  readonly contradicted: number;
  readonly closedUpTo?: Day | undefined;
}

// ---- days and statements ----
export interface DayLine { readonly day: Day; readonly closedAt?: Instant | undefined; readonly closedBy?: string | undefined }
/** Newest first. `next`: the only day that may be closed now. */
export interface DayList { readonly today: Day; readonly next?: Day | undefined; readonly days: readonly DayLine[] }
export interface StatementLine {
  readonly side: 'expected' | 'returned';
  readonly kind: 'fee' | 'tax';
  readonly item: string;
  readonly title?: string | undefined;
  readonly unit: string;
  readonly channel: string;
  readonly opening: Amount;
  readonly new: Amount;
  readonly reopened: Amount;
  readonly matched: Amount;
  readonly resolved: Amount;
  readonly closing: Amount;
  /** What does not add up; nothing when the line ties out. */
  readonly off: Amount;
}
export interface ControlLine { readonly channel: ChannelName; readonly what: 'fees' | 'fees reversed' | 'fees refunded' | 'taxes' | 'taxes refunded'; readonly ours: Amount; readonly theirs: Amount; readonly agrees: boolean }
export interface ObstacleLine extends Both { readonly code: string }
/** out: our messages, sent against accepted; in: files that came back, received against taken. Unanswered ones have no word from the other side. */
export interface MessageLine { readonly direction: 'out' | 'in'; readonly channel: ChannelName; readonly event: string; readonly sent: number; readonly accepted: number; readonly refused: number; readonly unanswered: number }
export interface StatementView {
  readonly day: Day;
  readonly at: Instant;
  readonly closed?: { readonly at: Instant; readonly by: string; /** False: the ledger was altered since. */ readonly intact: boolean; readonly sha256: string } | undefined;
  readonly tiesOut: boolean;
  /** What keeps it from being closed, the order of days included; empty when it can be closed, or is. */
  readonly obstacles: readonly ObstacleLine[];
  /** Every obstacle is that no control file came: it may be closed with a reason. */
  readonly onlyControlMissing: boolean;
  readonly withoutControl?: string | undefined;
  readonly lines: readonly StatementLine[];
  readonly totals: readonly StatementLine[];
  readonly control: readonly ControlLine[];
  readonly uncontrolled: readonly ChannelName[];
  readonly files: readonly { readonly channel: ChannelName; readonly fileName: string; readonly standing: 'agrees' | 'differs' | 'missing' | 'refused' | 'unlisted'; readonly records?: number | undefined }[];
  readonly messages: readonly MessageLine[];
  readonly open: { readonly count: number; readonly reasons: readonly { readonly code: ReasonCode; readonly count: number; readonly text: Both }[]; /** The first 200. */ readonly lines: readonly OpenItem[] };
  /** The statement on its way to the center. */
  readonly delivery: readonly { readonly channel: ChannelName; readonly fileName: string; readonly writtenAt?: Instant | undefined; readonly failure?: string | undefined }[];
  /** What came for a closed day later. */
  readonly later: readonly (Both & { readonly countsIn?: Day | undefined; readonly difference?: string | undefined })[];
}
export interface OpenItem extends Both { readonly difference: string; readonly caseNo?: CaseNo | undefined; readonly reason: ReasonCode; readonly text: Both; readonly expectedFen?: string | undefined; readonly returnedFen?: string | undefined; readonly ageDays: number }
/** withoutControl: why it is closed although a channel sent no control file. */
export interface CloseRequest { readonly withoutControl?: string | undefined }
export interface CloseAnswer { readonly closed: boolean; readonly obstacles: readonly ObstacleLine[] }
export interface ExportRequest { readonly format: 'xlsx' | 'csv' | 'xml' | 'html'; readonly language: 'zh' | 'en'; /** xml: whose records. */ readonly channel?: string | undefined }

// ---- differences ----
/** Several values of one key with commas. */
export interface DifferenceQuery {
  readonly state?: 'open' | 'closed' | 'all' | undefined; // open unless told
  readonly reason?: string | undefined;
  readonly severity?: string | undefined;
  readonly kind?: string | undefined;
  readonly case?: string | undefined;
  readonly channel?: string | undefined;
  readonly assigned?: string | undefined; // a person, or `-` for nobody
  readonly olderDays?: number | undefined;
  readonly refersTo?: Day | undefined;
  readonly after?: string | undefined; // `next` of the page before
  readonly limit?: number | undefined; // 1 to 200, default 50
}
export interface DifferenceLine extends Both {
  readonly id: string;
  readonly itemId: ItemId;
  readonly kind: ItemKind;
  readonly side: 'expected' | 'returned';
  readonly caseNo?: CaseNo | undefined;
  readonly channel?: string | undefined;
  readonly reason: ReasonCode;
  readonly severity: Severity;
  readonly aspect: 'settlement' | 'afterwards' | 'standard';
  readonly expectedFen?: string | undefined;
  readonly returnedFen?: string | undefined;
  readonly day: Day;
  readonly ageDays: number;
  readonly refersToDay?: Day | undefined;
  readonly assignedTo?: string | undefined;
  readonly open: boolean;
  readonly closedHow?: string | undefined;
  readonly closedBy?: string | undefined;
  readonly closedAt?: Instant | undefined;
  /** A decision about its item waits for a second person. */
  readonly proposed?: string | undefined;
}
/** The oldest first; `next` is absent on the last page. */
export interface DifferencePage { readonly lines: readonly DifferenceLine[]; readonly next?: string | undefined }

export interface ItemField { readonly key: string; readonly value: string; readonly money?: boolean | undefined; /** Masked, or it would be. */ readonly personal?: boolean | undefined }
export interface ItemView extends Both {
  readonly id: ItemId;
  readonly kind: ItemKind;
  readonly side: 'expected' | 'returned';
  readonly caseNo?: CaseNo | undefined;
  readonly day: Day;
  readonly statementDay: Day;
  readonly fen?: string | undefined;
  readonly inForce: boolean;
  readonly fields: readonly ItemField[];
  /** Lines of a fee record. */
  readonly lines: readonly { readonly code: string; readonly name?: string | undefined; readonly fen: string }[];
}
/** What a rule compares, with both values; `same` is absent where a side says nothing. */
export interface Comparison { readonly key: 'case' | 'code' | 'item' | 'payer' | 'amount' | 'day' | 'kind' | 'party'; readonly expected?: string | undefined; readonly returned?: string | undefined; readonly same?: boolean | undefined; readonly failed: boolean }
export interface Candidate extends Both { readonly id: ItemId; readonly side: 'expected' | 'returned'; readonly caseNo?: CaseNo | undefined; readonly day: Day; readonly fen?: string | undefined; readonly nearest: boolean }
export interface SettlementLine { readonly rule: string; readonly title: Both; readonly outcome: 'matched' | 'resolved'; readonly day: Day; readonly at: Instant; readonly live: boolean; readonly undone?: { readonly day: Day; readonly by: string; readonly why: string } | undefined; readonly items: readonly Both[]; readonly decision?: string | undefined }
export interface DecisionLine {
  readonly id: string;
  readonly act: string;
  readonly state: 'proposed' | 'done' | 'declined' | 'undone';
  readonly items: readonly (Both & { readonly id: ItemId })[];
  readonly fen: string;
  readonly note: string;
  readonly actor: string;
  readonly at: Instant;
  readonly secondActor?: string | undefined;
  readonly target?: string | undefined;
  /** The asking person may confirm or decline it: somebody else proposed it. */
  readonly mayConfirm: boolean;
}
export interface DifferenceDetail {
  readonly difference: DifferenceLine;
  readonly reason: { readonly text: Both; readonly next: Both };
  readonly explanation: { readonly zh: readonly string[]; readonly en: readonly string[] };
  readonly rule?: { readonly name: string; readonly title: Both } | undefined;
  readonly criterion?: { readonly name: Criterion; readonly text: Both } | undefined;
  readonly detail?: string | undefined;
  readonly item: ItemView;
  readonly other?: ItemView | undefined;
  readonly comparison: readonly Comparison[];
  /** Open items of the other side that share a case, payment code or payer with it. */
  readonly candidates: readonly Candidate[];
  readonly settlements: readonly SettlementLine[];
  readonly decisions: readonly DecisionLine[];
  /** Earlier and later differences of the item. */
  readonly history: readonly { readonly id: string; readonly reason: ReasonCode; readonly text: Both; readonly openedAt: Instant; readonly closedAt?: Instant | undefined; readonly closedHow?: string | undefined; readonly closedBy?: string | undefined }[];
  /** What may be done now, apart from the role. */
  readonly may: { readonly accept: boolean; readonly link: boolean; readonly assign: boolean; readonly reopen: boolean };
  readonly masked: boolean;
}

// ---- decisions ----
export interface ResolveRequest { readonly act: 'accept' | 'link' | 'split' | 'assign' | 'reopen'; readonly expected: readonly ItemId[]; readonly returned: readonly ItemId[]; readonly note: string; readonly target?: string | undefined }
export interface ResolveAnswer { readonly decision: string; readonly awaitsSecond: boolean }
export interface DecisionQuery { readonly state?: 'proposed' | 'all' | undefined }

// ---- clearance of a case ----
export interface ClearanceLine extends Both { readonly what: 'fee' | 'tax'; readonly reason: string; readonly yuan?: string | undefined; readonly text: Both; readonly next: Both; readonly difference?: string | undefined }
export interface ClearanceView {
  readonly caseNo: CaseNo;
  readonly at: Instant;
  readonly state: 'cleared' | 'not-cleared' | 'contradicted' | 'nothing-charged';
  readonly cleared: boolean;
  readonly fees: { readonly count: number; readonly settled: number };
  readonly taxes: { readonly count: number; readonly settled: number };
  readonly missing: readonly ClearanceLine[];
  readonly contradictions: readonly ClearanceLine[];
  readonly notices: readonly ClearanceLine[];
  readonly items: readonly (Both & { readonly what: 'fee' | 'tax'; readonly fen?: string | undefined; readonly settled: boolean })[];
  /** What was said before, and whether the bureau's return table has it. */
  readonly said: readonly { readonly number: number; readonly state: string; readonly decidedAt: Instant; readonly writtenAt?: Instant | undefined; readonly failure?: string | undefined }[];
  readonly writeBack: boolean;
}

export interface ReconciliationCalls {
  'GET reconciliation': { request: undefined; answer: ReconciliationOverview };
  'GET reconciliation/days': { request: { readonly before?: Day | undefined } | undefined; answer: DayList };
  'GET reconciliation/statements/:day': { request: undefined; answer: StatementView };
  'POST reconciliation/statements/:day/close': { request: CloseRequest; answer: CloseAnswer };
  'POST reconciliation/statements/:day/export': { request: ExportRequest; answer: Uint8Array };
  'GET reconciliation/differences': { request: DifferenceQuery; answer: DifferencePage };
  'POST reconciliation/differences/export': { request: { readonly format: 'xlsx' | 'csv'; readonly language: 'zh' | 'en'; readonly query: DifferenceQuery }; answer: Uint8Array };
  'GET reconciliation/differences/:id': { request: undefined; answer: DifferenceDetail };
  'POST reconciliation/differences/:id/unmask': { request: { readonly reason: string }; answer: DifferenceDetail };
  'GET reconciliation/items': { request: { readonly q: string }; answer: readonly (Candidate & { readonly open: boolean })[] };
  'POST reconciliation/resolve': { request: ResolveRequest; answer: ResolveAnswer };
  'GET reconciliation/decisions': { request: DecisionQuery | undefined; answer: readonly DecisionLine[] };
  'POST reconciliation/decisions/:id/confirm': { request: undefined; answer: ResolveAnswer };
  'POST reconciliation/decisions/:id/decline': { request: { readonly reason: string }; answer: undefined };
  'GET reconciliation/cases/:case': { request: undefined; answer: ClearanceView };
}
