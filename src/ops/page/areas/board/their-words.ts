import { bilingual } from '../../language.js';

/** Words about what the supervising side says. */
export const theirWords = bilingual({
  zh: {
    title: '监察方的意见', hint: '监察方自己发的牌和督办，与我方的判断并列；不同之处说明原因。', differs: '判断不同', same: '双方判断一致', comparedAt: (at: string) => `${at} 比对`, their: '监察方', ours: '我方', why: '原因', none: '无', noOpinions: '监察方没有就本件发牌', noQueries: '没有待答复的督办',
    no: '监察编号', result: '结果', state: '状态', judgedAt: '判定时间', used: '已用', limits: '时限', appeal: '申诉结果', department: '责任部门', text: '说明', results: { normal: '正常', warning: '预警', yellow: '黄牌', red: '红牌' } as Readonly<Record<string, string>>,
    states: { issued: '已发出', pending: '待确认', revoked: '已撤销', cancelled: '已取消', supervised: '督办中' } as Readonly<Record<string, string>>, appeals: { revoked: '撤销', 'sent-back': '退回', escalated: '上报' } as Readonly<Record<string, string>>,
    queries: '督办', askedAt: '发出', answerBy: '答复期限', overdue: '已过期限', answer: '答复', answerTitle: '答复督办', answerHint: '答复将随本件报文发给监察方，并记入审计日志', answered: (by: string, at: string) => `${by} 于 ${at} 答复`, sent: '答复已交付发送', needed: '请填写答复', open: '待答复的督办与不同意见', caseNo: '办件编号', limitPair: (a: string, b: string) => `承诺 ${a}，法定 ${b}`,
  },
  en: {
    title: 'The supervising side', hint: 'Its own cards and queries beside our judgement; where they differ, why.', differs: 'Judged otherwise', same: 'Both sides judge alike', comparedAt: (at: string) => `compared ${at}`, their: 'Theirs', ours: 'Ours', why: 'Why', none: 'none', noOpinions: 'The supervising side gave no card for this case', noQueries: 'No query waits for an answer',
    no: 'Their number', result: 'Result', state: 'State', judgedAt: 'Judged', used: 'Used', limits: 'Limits', appeal: 'Appeal', department: 'Department', text: 'Text', results: { normal: 'Normal', warning: 'Warning', yellow: 'Yellow card', red: 'Red card' } as Readonly<Record<string, string>>,
    states: { issued: 'Issued', pending: 'Waits', revoked: 'Revoked', cancelled: 'Cancelled', supervised: 'Supervised' } as Readonly<Record<string, string>>, appeals: { revoked: 'revoked', 'sent-back': 'sent back', escalated: 'escalated' } as Readonly<Record<string, string>>,
    queries: 'Queries', askedAt: 'Asked', answerBy: 'Answer by', overdue: 'overdue', answer: 'Answer', answerTitle: 'Answer the query', answerHint: 'The answer goes out with the messages of this case and stands in the audit log', answered: (by: string, at: string) => `answered by ${by} ${at}`, sent: 'The answer is on its way', needed: 'An answer is needed', open: 'Queries without an answer, and judgements that differ', caseNo: 'Case', limitPair: (a: string, b: string) => `committed ${a}, statutory ${b}`,
  },
});
