/** One line of a message as it is shown. */
export interface XmlRow {
  readonly depth: number;
  readonly kind: 'open' | 'close' | 'leaf' | 'text';
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly text: string;
  /** As findings write it: without the root, repeated elements numbered, the first one without a number. */
  readonly path: string;
}

/** Path as it is compared: `SQR[1]` and `SQR` are the same. */
export const plainPath = (path: string): string => path.replace(/^\//, '').replaceAll('[1]', '');

/**
 * A message as lines, at most so many; undefined where it is not well-formed. The browser's own parser loads nothing and runs
 * nothing; what stands in a message is shown as text only.
 */
export function xmlRows(xml: string, most: number): { readonly rows: readonly XmlRow[]; readonly cut: boolean } | undefined {
  const document = new DOMParser().parseFromString(xml, 'application/xml');
  if (document.getElementsByTagName('parsererror').length > 0) return undefined;
  const rows: XmlRow[] = [];
  const walk = (element: Element, depth: number, path: string): void => {
    if (rows.length >= most) return;
    const attributes = [...element.attributes].map((a) => [a.name, a.value] as const);
    const children = [...element.children];
    if (children.length === 0) {
      rows.push({ depth, kind: 'leaf', name: element.nodeName, attributes, text: element.textContent ?? '', path });
      return;
    }
    rows.push({ depth, kind: 'open', name: element.nodeName, attributes, text: '', path });
    const seen = new Map<string, number>();
    for (const child of children) {
      const index = (seen.get(child.nodeName) ?? 0) + 1;
      seen.set(child.nodeName, index);
      const step = index === 1 ? child.nodeName : `${child.nodeName}[${index}]`;
      walk(child, depth + 1, path === '' ? step : `${path}/${step}`);
    }
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== '').map((node) => node.textContent).join(' ');
    if (own !== '') rows.push({ depth: depth + 1, kind: 'text', name: '', attributes: [], text: own, path });
    rows.push({ depth, kind: 'close', name: element.nodeName, attributes: [], text: '', path });
  };
  walk(document.documentElement, 0, '');
  return { rows, cut: rows.length >= most };
}
