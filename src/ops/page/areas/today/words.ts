import { bilingual } from '../../language.js';

export const words = bilingual({
  zh: { title: '今日', waiting: '正在读取网关的状况…' },
  en: { title: 'Today', waiting: 'Reading how the gateway stands…' },
});
