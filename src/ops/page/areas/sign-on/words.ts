import { bilingual } from '../../language.js';

export const words = bilingual({
  zh: {
    product: '数据交换网关', subtitle: '办件数据与市政务中心的交换', login: '登录', name: '用户名', password: '密码', ended: '登录已结束，请重新登录。', byProxy: '使用统一登录', noAnswer: '网关没有应答，正在重试。',
    first: '没有账户？管理员用命令 gateway user create 建立，会给出一次性密码。',
    title: '修改密码', mustChange: '这是一次性密码，请换成您自己的密码后继续。', current: '当前密码', next: '新密码', again: '再输入一次新密码', rules: '至少 12 位，不能含用户名，不能是常见或过于简单的密码。', differ: '两次输入的新密码不一样', change: '修改密码', changed: '密码已修改，其他登录已结束', show: '显示密码', needed: '请填写', back: '返回', signOut: '退出登录',
  },
  en: {
    product: 'Exchange gateway', subtitle: 'Case data between the bureau and the municipal service center', login: 'Sign on', name: 'User name', password: 'Password', ended: 'The session has ended; sign on again.', byProxy: 'Use single sign-on', noAnswer: 'The gateway does not answer; trying again.',
    first: 'No account? An administrator makes one with the command gateway user create, which prints a one-time password.',
    title: 'Change password', mustChange: 'This is a one-time password: choose your own to go on.', current: 'Current password', next: 'New password', again: 'New password once more', rules: 'At least 12 characters, without the user name, neither common nor too simple.', differ: 'The two new passwords differ', change: 'Change password', changed: 'Password changed; other sessions have ended', show: 'Show password', needed: 'Please fill in', back: 'Back', signOut: 'Sign out',
  },
});
