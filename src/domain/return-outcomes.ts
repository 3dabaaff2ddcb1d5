/**
 * What can become of a file that the center returned. A file is taken whole or not at all. Texts go into the receipt: zh for the
 * center's clerk, en for logs and commands. `again` says whether the same bytes may be judged otherwise later.
 */
interface OutcomeRow {
  readonly taken: boolean;
  readonly again?: true;
  readonly zh: string;
  readonly en: string;
}

export const returnOutcomes = {
  // taken
  accepted: { taken: true, zh: '已收妥并记入', en: 'taken' },
  reissued: { taken: true, zh: '更正批次已收妥，代替上一批次；上一批次的记录保留', en: 'taken: a corrected issue that replaces the one before, whose records are kept' },
  late: { taken: true, zh: '已收妥；会计日期已结账，记为结账后的事实', en: 'taken as late facts: the accounting day is closed' },
  overtaken: { taken: true, zh: '已收妥备查；更新的批次先到，本批次不生效', en: 'taken but not in force: a later issue came first' },
  'differs-from-control': { taken: true, again: true, zh: '此前已记入，但与后到的对账控制文件所列大小、摘要或笔数不符；请以新批次重发文件或控制文件', en: 'taken before, but the control file that came later lists another size, hash or count; send a new issue of the file or of the control file' },
  // refused: the bytes
  'too-large': { taken: false, zh: '文件过大；请拆分后以新编号发送', en: 'the file is too large; split it' },
  'not-readable': { taken: false, again: true, zh: '中间机拒绝读取该文件；请检查权限后重新放置', en: 'the staging machine denies reading it; mend its permissions and put it again' },
  truncated: { taken: false, zh: '文件不完整（末尾缺失）；请重新完整发送', en: 'the file ends before its end; send it again whole' },
  encoding: { taken: false, zh: '编码错误：须为 UTF-8 或 GB18030，且与声明一致', en: 'bytes that are not what the declaration says; send UTF-8 or GB18030' },
  'not-xml': { taken: false, zh: '不是格式正确的 XML 文件', en: 'not well-formed XML' },
  'unknown-kind': { taken: false, again: true, zh: '无法识别的文件类型（根元素）', en: 'not a kind of file that this channel returns' },
  schema: { taken: false, again: true, zh: '不符合 XSD；错误位置见 CW', en: 'breaks its XSD; the places are listed' },
  // refused: what it says
  'too-long': { taken: false, again: true, zh: '字段长度（字节）超限', en: 'a value has too many bytes' },
  'value-unreadable': { taken: false, again: true, zh: '字段取值错误', en: 'a value is not what its field holds' },
  'unknown-code': { taken: false, again: true, zh: '代码不在双方约定的代码表中', en: 'a code is not in the agreed list' },
  'file-name': { taken: false, zh: '文件名须为 文件编号.批次.xml', en: 'the file must be called WJBH.PC.xml' },
  'wrong-count': { taken: false, zh: '笔数与明细不符', en: 'a count is not that of the records' },
  'wrong-total': { taken: false, zh: '金额合计与明细不符', en: 'an amount is not the sum of its parts' },
  'repeated-number': { taken: false, zh: '同一文件内单号与状态重复', en: 'a number and status stands twice in the file' },
  // refused: what stands already
  'wrong-hash': { taken: false, again: true, zh: '与对账控制文件所列大小、摘要或笔数不符；请重发文件或更正控制文件', en: 'size, hash or count is not what the control file lists; send the file again or correct the control file' },
  'changed-content': { taken: false, zh: '同名文件此前已收妥且内容不同；更正须以新批次发送', en: 'a file of this name with other content was taken before; a correction needs a new issue' },
  'not-read': { taken: false, again: true, zh: '接收方内部错误，文件已保存，无需重发', en: 'the gateway failed over it; it is kept and need not be sent again' },
} as const satisfies Record<string, OutcomeRow>;

export type ReturnOutcome = keyof typeof returnOutcomes;

export const isTaken = (outcome: ReturnOutcome): boolean => returnOutcomes[outcome].taken;

/** Whether meeting the same bytes again is a reason to judge them again: what they were judged by may have changed. */
export const mayChange = (outcome: ReturnOutcome): boolean => !isTaken(outcome) && 'again' in returnOutcomes[outcome];

/** One thing wrong with a returned file. Names the place and what was expected there; never what stood there. */
export interface ReturnFault {
  /** Elements below the root, such as `JFJL[12]/JE`; `/` for the file as a whole. */
  readonly path: string;
  readonly line?: number | undefined;
  readonly expected: string;
}
