import type { Row } from '../../domain/snapshot.js';
import type { BureauCase } from './witness.js';

/**
 * What the bureau's rows say must stand at a receiver, written from the documents (config/streams/case.yaml, the tables of
 * mappings/README.md and of each mapping) and not from the gateway's code, so that it is a second opinion.
 */
export interface ExpectedEvent {
  readonly event: string;
  readonly sequence: string;
  /** Order within a case: 10 application ... 60 pickup. */
  readonly phase: number;
  /** Bureau row that it is about, where it is not the case. */
  readonly item: Row | undefined;
}

/** Every event that a case has now. */
export function deriveExpected({ case: root, children }: BureauCase): ExpectedEvent[] {
  const found: ExpectedEvent[] = [];
  const add = (event: string, phase: number, sequence: string | null | undefined = '1', item?: Row): void => {
    if (sequence !== null && sequence !== undefined) found.push({ event, sequence, phase, item });
  };
  const beforeAcceptance = (at: string): boolean => !has(root['accepted_at']) || at < String(root['accepted_at']);
  if (has(root['applied_at'])) add('application', 10);
  for (const row of children['supplements'] ?? []) {
    for (const [event, column] of [['supplement-notice', 'notified_at'], ['supplement-received', 'received_at']] as const) {
      const at = row[column];
      if (has(at)) add(event, beforeAcceptance(at) ? 20 : 40, row['supplement_no'], row);
    }
  }
  if (has(root['accepted_at'])) add('acceptance', 30);
  else if (has(root['refused_at'])) add('refusal', 30);
  for (const row of children['steps'] ?? []) if (row['step_status'] === 'DONE' && has(row['started_at'])) add('process-step', 40, row['step_no'], row);
  for (const row of children['specials'] ?? []) {
    if (has(row['started_at'])) add('special-start', 40, row['special_no'], row);
    if (has(row['ended_at'])) add('special-end', 40, row['special_no'], row);
  }
  // A withdrawn case that nobody closed is reported as closed by the withdrawal.
  if (has(root['closed_at']) || has(root['withdrawn_at'])) add('result', 50);
  for (const row of children['pickups'] ?? []) if (has(row['picked_at'])) add('pickup', 60, row['pickup_no'], row);
  return found;
}

function has(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== '';
}

type Form = 'text' | 'datetime' | 'day' | 'money' | 'lower';
/** Element, where its value comes from (`case`, `item` or a child of the case), column, form. */
type Fact = readonly [element: string, from: string, column: string, form?: Form];

const center: Readonly<Record<string, readonly Fact[]>> = {
  application: [
    ['BODY/SXMC', 'case', 'item_name'], ['BODY/SBXMMC', 'case', 'project_name'], ['BODY/SBSJ', 'case', 'applied_at', 'datetime'], ['BODY/SBJTWD', 'case', 'applied_place'], ['BODY/BZ', 'case', 'remark'],
    ['BODY/SQRLIST/SQR/SQRXH', 'applicants', 'applicant_no'], ['BODY/SQRLIST/SQR/SQRMC', 'applicants', 'name'], ['BODY/SQRLIST/SQR/LXSJ', 'applicants', 'phone'], ['BODY/SQRLIST/SQR/TXDZ', 'applicants', 'address'],
    ['BODY/DLRLIST/DLR/LXRXM', 'agents', 'name'], ['BODY/DLRLIST/DLR/LXRSJ', 'agents', 'phone'],
    ['BODY/ZDLIST/ZD/BDCDYDM', 'parcels', 'unit_code'], ['BODY/ZDLIST/ZD/ZL', 'parcels', 'location'], ['BODY/ZDLIST/ZD/MJ', 'parcels', 'area_m2'], ['BODY/ZDLIST/ZD/DYJE', 'parcels', 'mortgage_amount', 'money'],
    ['BODY/CLLIST/CL/CLXH', 'materials', 'material_no'], ['BODY/CLLIST/CL/CLMC', 'materials', 'name'], ['BODY/CLLIST/CL/SQSL', 'materials', 'copies'], ['BODY/CLLIST/CL/ATTACH_SIGN', 'materials', 'file_md5', 'lower'],
  ],
  'supplement-notice': [['BODY/BZGZSBH', 'item', 'notice_no'], ['BODY/BZGZYY', 'item', 'reason'], ['BODY/BZCLQD', 'item', 'material_list'], ['BODY/BZGZSJ', 'item', 'notified_at', 'datetime']],
  'supplement-received': [['BODY/BZSLBLRXM', 'item', 'received_by'], ['BODY/BZCLQD', 'item', 'received_list'], ['BODY/BZSJ', 'item', 'received_at', 'datetime']],
  acceptance: [['BODY/XMMC', 'case', 'project_name'], ['BODY/BLRXM', 'case', 'accepted_by'], ['BODY/SLHZH', 'case', 'accept_doc_no'], ['BODY/SLSJ', 'case', 'accepted_at', 'datetime'], ['BODY/GDBLSX', 'case', 'committed_limit'], ['BODY/CXMM', 'case', 'query_password']],
  refusal: [['BODY/BSLYY', 'case', 'refuse_reason'], ['BODY/BLRXM', 'case', 'refused_by'], ['BODY/SLSJ', 'case', 'refused_at', 'datetime']],
  'process-step': [['BODY/SPBZH', 'item', 'step_no'], ['BODY/SPHJMC', 'item', 'step_name'], ['BODY/SPRXM', 'item', 'handler'], ['BODY/SPYJ', 'item', 'opinion'], ['BODY/SPKSSJ', 'item', 'started_at', 'datetime'], ['BODY/SPSJ', 'item', 'ended_at', 'datetime']],
  'special-start': [['BODY/TBCXZLMC', 'item', 'kind_name'], ['BODY/TBCXQDLY', 'item', 'reason'], ['BODY/SQNR', 'item', 'content'], ['BODY/TBCXKSRQ', 'item', 'started_at', 'datetime'], ['BODY/TBCXSX', 'item', 'approved_length'], ['BODY/GZSBH', 'item', 'notice_no']],
  'special-end': [['BODY/TBCXJG', 'item', 'result'], ['BODY/TBCXJSRQ', 'item', 'ended_at', 'datetime'], ['BODY/BLR', 'item', 'handled_by']],
  result: [
    ['BODY/BLRXM', 'case', 'closed_by'], ['BODY/BJJGMS', 'case', 'result_text'], ['BODY/BJSJ', 'case', 'closed_at', 'datetime'],
    ['BODY/ZZLIST/ZZ/ZZXH', 'certificates', 'certificate_no'], ['BODY/ZZLIST/ZZ/ZJBH', 'certificates', 'cert_code'], ['BODY/ZZLIST/ZZ/FZRQ', 'certificates', 'issued_on', 'day'],
    ['BODY/SFLIST/SF/SFXH', 'charges', 'charge_no'], ['BODY/SFLIST/SF/SFJE', 'charges', 'amount', 'money'],
  ],
  pickup: [['BODY/LQRXM', 'item', 'picked_by'], ['BODY/LQSJ', 'item', 'picked_at', 'datetime'], ['BODY/KDDH', 'item', 'express_no']],
};
const provincial: Readonly<Record<string, readonly Fact[]>> = {
  acceptance: [['BODY/INSTANCE_CODE', 'case', 'case_no'], ['BODY/ACCEPT_NAME', 'case', 'accepted_by'], ['BODY/ACCEPT_TIME', 'case', 'accepted_at', 'datetime'], ['BODY/SUBMIT_TIME', 'case', 'applied_at', 'datetime'], ['BODY/QUERY_CODE', 'case', 'query_password']],
  result: [
    ['BODY/END_NAME', 'case', 'closed_by'], ['BODY/END_TIME', 'case', 'closed_at', 'datetime'], ['BODY/RESULT_EXPLAIN', 'case', 'result_text'],
    ['BODY/CERTIFICATES/CERTIFICATE/CERT_SEQ', 'certificates', 'certificate_no'], ['BODY/CERTIFICATES/CERTIFICATE/CERT_NO', 'certificates', 'cert_code'],
  ],
};
const supervision: Readonly<Record<string, readonly Fact[]>> = {
  acceptance: [
    ['BODY/INSTANCE_CODE', 'case', 'case_no'], ['BODY/INSTANCE_NAME', 'case', 'project_name'], ['BODY/SUBMIT_TIME', 'case', 'applied_at', 'datetime'], ['BODY/ACCEPT_NAME', 'case', 'accepted_by'], ['BODY/ACCEPT_TIME', 'case', 'accepted_at', 'datetime'],
    ['BODY/TIME_LIMIT', 'case', 'statutory_limit'], ['BODY/PROMISES_LIMIT', 'case', 'committed_limit'],
  ],
  'process-step': [['BODY/OPINION_ID', 'item', 'step_no'], ['BODY/LINK_NAME', 'item', 'step_name'], ['BODY/HANDLE_NAME', 'item', 'handler'], ['BODY/OPINION', 'item', 'opinion'], ['BODY/START_TIME', 'item', 'started_at', 'datetime'], ['BODY/END_TIME', 'item', 'ended_at', 'datetime']],
  'special-start': [['BODY/SUSPEND_ID', 'item', 'special_no'], ['BODY/SPECIAL_NAME', 'item', 'kind_name'], ['BODY/START_REASON', 'item', 'reason'], ['BODY/START_DATE', 'item', 'started_at', 'datetime'], ['BODY/SPECIAL_TIMELIMIT', 'item', 'approved_length'], ['BODY/NOTICE_NO', 'item', 'notice_no']],
  'special-end': [['BODY/SUSPEND_ID', 'item', 'special_no'], ['BODY/SPECIAL_RESULT', 'item', 'result'], ['BODY/END_DATE', 'item', 'ended_at', 'datetime'], ['BODY/HANDLE_NAME', 'item', 'handled_by']],
  result: [['BODY/END_NAME', 'case', 'closed_by'], ['BODY/END_TIME', 'case', 'closed_at', 'datetime'], ['BODY/RESULT_EXPLAIN', 'case', 'result_text']],
};
const factsOf: Readonly<Record<string, Readonly<Record<string, readonly Fact[]>>>> = { center, provincial, supervision };

const withdrawalReason = '申请人撤回申请';

/** Texts that the newest message of the event must carry by element, from the rows as they are now; empty for an unknown channel. */
export function expectedTexts(channel: string, { case: root, children }: BureauCase, expected: ExpectedEvent): Record<string, string[]> {
  const applicants = children['applicants'] ?? [];
  const closed = has(root['closed_at']) ? root : { ...root, closed_at: root['withdrawn_at'] ?? null, ...(channel === 'center' ? {} : { result_text: withdrawalReason }) };
  const rowsFrom: Record<string, readonly Row[]> = {
    ...children, case: [closed], item: expected.item === undefined ? [] : [expected.item],
    applicants: applicants.filter((row) => row['role'] !== 'AGENT'), agents: applicants.filter((row) => row['role'] === 'AGENT'),
  };
  return Object.fromEntries((factsOf[channel]?.[expected.event] ?? []).map(([element, from, column, form]) => {
    const values = (rowsFrom[from] ?? []).map((row) => valueOf(row, column));
    return [element, values.filter((v) => v !== '').map((v) => write(v, form ?? 'text', channel))];
  }));
}

/** The text of a column; a step without opinion or end and a case that nobody closed are reported as the mappings' decisions say. */
function valueOf(row: Row, column: string): string {
  const value = plain(row[column] ?? '');
  if (value !== '') return value;
  if (column === 'closed_at') return plain(row['withdrawn_at'] ?? '');
  if (column === 'opinion') return '（未填写意见）';
  return column === 'ended_at' && row['step_no'] !== undefined ? plain(row['started_at'] ?? '') : '';
}

function write(value: string, form: Form, channel: string): string {
  switch (form) {
    case 'text': return value;
    case 'lower': return value.toLowerCase();
    case 'day': return value.replaceAll('-', '');
    case 'money': return value.includes('.') ? value : `${value}.00`;
    case 'datetime': return channel === 'provincial' ? value.slice(0, 19) : `${value.slice(0, 10).replaceAll('-', '')}${channel === 'center' ? 'T' : ''}${value.slice(11, 19).replaceAll(':', '')}`;
  }
}

/** A text as both sides write it: no space at the ends, one kind of line break. */
export function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').trim();
}

/** Names of elements whose texts are not those that the rows want; the texts themselves are personal data and stay out. */
export function differingElements(expected: Readonly<Record<string, readonly string[]>>, actual: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(expected).flatMap(([element, texts]) => {
    const found = (actual[element] ?? []).map(plain).filter((t) => t !== '');
    return found.length === texts.length && texts.every((t, i) => t === found[i]) ? [] : [element];
  });
}
