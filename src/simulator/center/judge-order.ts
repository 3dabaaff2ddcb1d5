/** What the center answers a message that it does not take; 001, 011, 021 and 030 as the SPGL_* interface uses them. */
export const refusalCodes = {
  '001': '数据不完整或不符合规范',
  '011': '办件申办信息未上报',
  '021': '办件受理信息未上报',
  '030': '对应的前序记录未上报',
  '901': '清单所列文件不存在',
  '902': '文件与清单不符',
  '903': '附件缺失或与清单不符',
  '904': '不认识的报文类型',
  '905': '同一版本内容不同',
  '906': '版本号小于已接收的版本',
} as const;
export type RefusalCode = keyof typeof refusalCodes;

/** A message may only stand where its parent stands; `sameSequence` asks for the parent with the same XH. */
export interface OrderRule {
  readonly message: string;
  readonly parent: string;
  readonly sameSequence?: boolean;
  readonly code: RefusalCode;
  /** What is asked for instead where the message ends a case that was never accepted. */
  readonly unaccepted?: readonly string[];
}

const rules: readonly OrderRule[] = [
  { message: 'acceptance', parent: 'application', code: '011' },
  { message: 'refusal', parent: 'application', code: '011' },
  { message: 'supplement-notice', parent: 'application', code: '011' },
  { message: 'supplement-received', parent: 'supplement-notice', sameSequence: true, code: '030' },
  { message: 'process-step', parent: 'acceptance', code: '021' },
  { message: 'special-start', parent: 'acceptance', code: '021' },
  { message: 'special-end', parent: 'special-start', sameSequence: true, code: '030' },
  { message: 'result', parent: 'acceptance', code: '021', unaccepted: ['application'] },
  { message: 'pickup', parent: 'result', code: '030' },
  { message: 'light', parent: 'acceptance', code: '021' },
];

/** Whether a result returns or voids the case (BJJGDM 1, 2; PROJECT_STATE 7, 8): that may happen before anybody accepts it. */
function endsUnaccepted(field: (name: string) => string | undefined): boolean {
  return ['1', '2'].includes(field('BJJGDM') ?? '') || ['7', '8'].includes(field('PROJECT_STATE') ?? '');
}

/** The receiver's rules of order for a channel that carries these messages; a parent that is never sent is not asked for. */
export function orderRules(messages: ReadonlySet<string> | undefined): readonly OrderRule[] {
  if (messages === undefined) return rules;
  return rules
    .filter((rule) => messages.has(rule.parent))
    .map((rule) => (rule.unaccepted === undefined ? rule : { ...rule, unaccepted: rule.unaccepted.filter((parent) => messages.has(parent)) }));
}

/** The code for the parent that is missing, or undefined; taking back (D) needs no parent. */
export function judgeOrder(
  orderRulesOfChannel: readonly OrderRule[],
  head: { message: string; sequence: string; operation: string; field: (name: string) => string | undefined },
  stands: (message: string, sequence?: string) => boolean,
): RefusalCode | undefined {
  if (head.operation === 'D') return undefined;
  const missing = orderRulesOfChannel.find((rule) => rule.message === head.message && !stands(rule.parent, rule.sameSequence ? head.sequence : undefined));
  const excused = missing?.unaccepted !== undefined && endsUnaccepted(head.field) && missing.unaccepted.every((parent) => stands(parent));
  return excused ? undefined : missing?.code;
}
