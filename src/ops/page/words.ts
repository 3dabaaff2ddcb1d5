import { bilingual } from './language.js';

/** Words of the frame around every page, and of what all areas share. */
export const words = bilingual({
  zh: {
    product: '数据交换网关', skip: '跳到正文', navigation: '导航', now: '值班', work: '办理', house: '系统',
    language: 'English', languageHint: '切换到英文', theme: '外观', themeAuto: '跟随系统', themeLight: '浅色', themeDark: '深色',
    live: '实时', connecting: '正在连接', lost: '未连接', lostHint: '实时数据已中断，正在自动重连。页面上的数字停留在断开时。', reconnect: '立即重连', ago: (text: string) => `${text}前的数据`,
    account: '账户', changePassword: '修改密码', signOut: '退出登录', instance: '实例',
    endsSoon: (minutes: number) => `登录将在 ${minutes} 分钟内结束，未保存的填写会丢失。`, stay: '继续使用',
    nothingTitle: '没有此页', nothing: '地址不存在，或者您的角色不能查看。', home: '回到今日', deskOff: '话务员使用热线查询台，它在这里尚未启用：请管理员设置 INQUIRY_KEY。',
    viewer: '查看员', operator: '操作员', finance: '财务', administrator: '管理员', clerk: '话务员',
    collapse: '收起导航', expand: '展开导航',
  },
  en: {
    product: 'Exchange gateway', skip: 'Skip to content', navigation: 'Navigation', now: 'On duty', work: 'Work', house: 'System',
    language: '中文', languageHint: 'Switch to Chinese', theme: 'Appearance', themeAuto: 'As the system', themeLight: 'Light', themeDark: 'Dark',
    live: 'Live', connecting: 'Connecting', lost: 'Not live', lostHint: 'The live connection is lost and is being tried again. Numbers stand as they were when it broke.', reconnect: 'Reconnect now', ago: (text: string) => `data of ${text} ago`,
    account: 'Account', changePassword: 'Change password', signOut: 'Sign out', instance: 'Instance',
    endsSoon: (minutes: number) => `Your session ends within ${minutes} min; what is not saved is lost.`, stay: 'Stay signed on',
    nothingTitle: 'No such page', nothing: 'The address does not exist, or your role may not see it.', home: 'Back to Today', deskOff: 'A hotline clerk uses the desk of the inquiry, which is not switched on here: ask the administrator to set INQUIRY_KEY.',
    viewer: 'Viewer', operator: 'Operator', finance: 'Finance', administrator: 'Administrator', clerk: 'Hotline clerk',
    collapse: 'Collapse navigation', expand: 'Expand navigation',
  },
});
