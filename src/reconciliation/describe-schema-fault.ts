import { XmlElement, type ErrorDetail, type XmlDocument } from 'libxml2-wasm';
import type { ReturnFault } from '../domain/return-outcomes.js';
import type { ElementModel } from '../platform/read-element-model.js';

/** The XSD's finding without the values that libxml2 quotes: only names that stand in the XSD are passed on. */
export function describeSchemaFault(detail: ErrorDetail, document: XmlDocument, mapping: { readonly model: ElementModel; readonly message: string }): ReturnFault {
  const node = detail.xpath === undefined || detail.xpath === '' ? null : document.get(detail.xpath);
  const { path, model } = locate(node instanceof XmlElement ? node : undefined, mapping.model);
  return { path, line: detail.line, expected: expectation(detail.message, model, mapping.message) };
}

/** Path below the root with positions where an element may repeat; an element that the XSD does not have is `*`. */
function locate(element: XmlElement | undefined, root: ElementModel): { path: string; model: ElementModel | undefined } {
  const names: XmlElement[] = [];
  for (let at = element ?? null; at?.parent; at = at.parent) names.unshift(at);
  let model: ElementModel | undefined = root;
  const steps = names.map((e) => {
    model = model?.children?.find((c) => c.name === e.name);
    return model === undefined ? '*' : model.maxOccurs > 1 ? `${e.name}[${position(e)}]` : e.name;
  });
  return { path: steps.join('/') || '/', model };
}

function position(element: XmlElement): number {
  let n = 1;
  for (let node = element.prev; node !== null; node = node.prev) if (node instanceof XmlElement && node.name === element.name) n++;
  return n;
}

function expectation(message: string, model: ElementModel | undefined, schema: string): string {
  const next = /Expected is (?:one of )?\( ([A-Z0-9_, ]+) \)\./.exec(message)?.[1];
  if (next !== undefined) return `here: ${next}`;
  if (/This element is not expected\./.test(message)) return 'no further element here';
  if (/The attribute '[^']*' is not allowed/.test(message)) return 'no attributes';
  const text = model?.text;
  if (!text) return `what ${schema}.xsd allows`;
  if (text.enumeration) return `one of ${text.enumeration.join(', ')}`;
  if (text.patterns.length > 0) return `a value of the form ${text.patterns.join(' and ')}`;
  if (text.maxLength !== undefined) return `at most ${text.maxLength} characters`;
  return `what ${schema}.xsd allows`;
}
