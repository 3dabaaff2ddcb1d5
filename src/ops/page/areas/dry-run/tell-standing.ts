import { language } from '../../language.js';
import { stateWords } from '../../parts/words.js';

const state = (name: string): string => stateWords.zh[name] ?? name;

/** What the ledger has of a message, in Chinese where the page is; the server says it in English. */
export function tellStanding(text: string): string {
  if (language.value === 'en') return text;
  return text
    .replace(/^first report$/, '首次报送')
    .replace(/^nothing new to send: exchange (\d+) is (\S+)$/, (_, id: string, name: string) => `没有新内容：交换 ${id} ${state(name)}`)
    .replace(/^would be sent as a correction of exchange (\d+) \(v(\d+), (\S+)\)$/, (_, id: string, version: string, name: string) => `将作为交换 ${id}（版本 ${version}，${state(name)}）的更正送出`)
    .replace(/^exchange (\d+) \((\S+)\) would be rendered anew$/, (_, id: string, name: string) => `交换 ${id}（${state(name)}）将重新生成`);
}
