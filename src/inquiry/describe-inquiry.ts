/** The inquiry's endpoints as the OpenAPI document shows them. */

const words = { zh: { type: 'string' }, en: { type: 'string' } };
const object = (properties: Record<string, unknown>, required: readonly string[] = Object.keys(properties)): Record<string, unknown> => ({ type: 'object', required, properties });
const list = (items: unknown): Record<string, unknown> => ({ type: 'array', items });
const day = { type: 'string', format: 'date', example: '2026-11-27' };

export const refusalSchema = object({ error: { type: 'string', enum: ['bad-request', 'no-match', 'too-many-requests', 'busy', 'not-signed-on', 'forbidden', 'not-found'] }, ...words, retryAfterSeconds: { type: 'integer' } }, ['error', 'zh', 'en']);
export const retryAfter = { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } };

export const answerSchema = object(
  {
    caseNo: { type: 'string' },
    item: object({ code: { type: 'string' }, name: { type: 'string' } }, ['name']),
    applicants: { ...list({ type: 'string', example: '张＊＊' }), description: 'masked' },
    state: object({ code: { type: 'string', enum: ['applied', 'supplement', 'handling', 'suspended', 'refused', 'granted', 'collected', 'denied', 'returned', 'ended', 'withdrawn', 'void', 'archived', 'removed'] }, ...words }),
    step: object({ ...words, since: day, done: { type: 'boolean' } }, ['zh', 'en', 'done']),
    light: { ...object({ code: { type: 'string', enum: ['green', 'yellow', 'red', 'grey'] }, ...words }), description: 'absent where the case is not supervised or has ended' },
    promised: { ...object({ ...words, day, movedFrom: day }, ['zh', 'en']), description: 'day is absent while a suspension leaves it open; movedFrom: what it was before suspensions' },
    appliedOn: day, acceptedOn: day, closedOn: day,
    reason: { type: 'string', description: 'why it was refused or not granted, in Chinese, masked' },
    missing: { ...list(object({ noticeNo: { type: 'string' }, notifiedOn: day, materials: list({ type: 'string' }), reason: { type: 'string' } }, ['materials'])), description: 'what was asked for and has not come 补正' },
    payments: object({
      state: { type: 'string', enum: ['none', 'open', 'checking', 'settled'] }, ...words, dueYuan: { type: 'string', example: '80.00' },
      lines: list(object({ what: { type: 'string', enum: ['fee', 'tax'] }, ...words, amountYuan: { type: 'string' }, state: { type: 'string', enum: ['open', 'short', 'checking', 'settled', 'exempt'] }, stateText: object(words), paymentCode: { type: 'string' } }, ['what', 'zh', 'en', 'state', 'stateText'])),
    }, ['state', 'zh', 'en', 'lines']),
    collect: object({ code: { type: 'string', enum: ['ready', 'collected', 'posted'] }, ...words }),
    summary: { ...object(words), description: 'whole sentences, to be read aloud' },
    at: { type: 'string', format: 'date-time' },
  },
  ['caseNo', 'item', 'applicants', 'state', 'missing', 'payments', 'summary', 'at'],
);

export const questionSchema = object({ case: { type: 'string', maxLength: 50, description: '办件编号' }, password: { type: 'string', maxLength: 50, description: '查询密码' }, digits: { type: 'string', description: '证件号码后几位' } }, ['case']);
export const faceSchema = object({ bureau: object(words), phone: { type: 'string' }, identityDigits: { type: 'integer' }, idleMs: { type: 'integer' }, completed: { type: 'boolean' } }, ['bureau', 'identityDigits', 'idleMs', 'completed']);
export const completedSchema = object(
  {
    day, lines: list(object({ day, item: object({ code: { type: 'string' }, name: { type: 'string' } }), applicants: { type: 'string', description: 'masked' }, caseNo: { type: 'string', description: 'masked' } })),
    next: { type: 'string', description: '`after` of the next page of this day' }, earlier: day, later: day, items: list(object({ code: { type: 'string' }, name: { type: 'string' } })),
  },
  ['day', 'lines', 'items'],
);
