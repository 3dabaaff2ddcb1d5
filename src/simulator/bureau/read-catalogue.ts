/** One land item of the bureau (config/bureau/items.csv). */
export interface LandItem {
  readonly itemCode: string;
  readonly itemName: string;
  readonly section: string;
  /** J done at once, C with a committed limit, Q other. */
  readonly caseKind: string;
  readonly itemType: string;
  readonly basicCode: string;
  readonly implementCode: string;
  /** Name of the certificate that a positive result gives; null for none. */
  readonly certificateName: string | null;
}

/** The limits of an item from a date on (config/bureau/item-limits.csv). Units: W working day, N day, H hour, I at once. */
export interface ItemLimit {
  readonly itemCode: string;
  readonly effectiveFrom: string;
  readonly committedLimit: string;
  readonly committedUnit: string;
  readonly statutoryLimit: string;
  readonly statutoryUnit: string;
  readonly letterNo: string;
}

/** The bureau's items with their dated limits. */
export interface Catalogue {
  readonly items: readonly LandItem[];
  readonly limits: readonly ItemLimit[];
}

const itemHeader = 'item_code,item_name,section,case_kind,item_type,basic_code,implement_code,certificate_name';
const limitHeader = 'item_code,effective_from,committed_limit,committed_unit,statutory_limit,statutory_unit,letter_no';

function readLines(text: string, header: string, file: string): string[][] {
  const [first, ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((line) => line.trim() !== '');
  if (first !== header) throw new Error(`${file}:1: expected the columns ${header}`);
  const width = header.split(',').length;
  return lines.map((line, i) => {
    const cells = line.split(',');
    if (cells.length !== width || line.includes('"')) throw new Error(`${file}:${i + 2}: expected ${width} cells without quotes`);
    return cells;
  });
}

/** Reads the two catalogue files; a fault names file and line. */
export function readCatalogue(itemsCsv: string, limitsCsv: string): Catalogue {
  const items = readLines(itemsCsv, itemHeader, 'items.csv').map((cells): LandItem => {
    const [itemCode, itemName, section, caseKind, itemType, basicCode, implementCode, certificate] = cells as
      [string, string, string, string, string, string, string, string];
    const certificateName = certificate === '' ? null : certificate;
    return { itemCode, itemName, section, caseKind, itemType, basicCode, implementCode, certificateName };
  });
  const limits = readLines(limitsCsv, limitHeader, 'item-limits.csv').map((cells, i): ItemLimit => {
    const [itemCode, effectiveFrom, committedLimit, committedUnit, statutoryLimit, statutoryUnit, letterNo] = cells as
      [string, string, string, string, string, string, string];
    if (!items.some((item) => item.itemCode === itemCode)) throw new Error(`item-limits.csv:${i + 2}: no such item`);
    return { itemCode, effectiveFrom, committedLimit, committedUnit, statutoryLimit, statutoryUnit, letterNo };
  });
  return { items, limits };
}

/** The item of that code. */
export function itemOf(catalogue: Catalogue, itemCode: string): LandItem {
  const item = catalogue.items.find((candidate) => candidate.itemCode === itemCode);
  if (item === undefined) throw new Error(`no item ${itemCode} in the catalogue`);
  return item;
}

/** The limits of an item that are in force on a date `YYYY-MM-DD`. */
export function limitAt(catalogue: Catalogue, itemCode: string, date: string): ItemLimit {
  const found = catalogue.limits
    .filter((limit) => limit.itemCode === itemCode && limit.effectiveFrom <= date)
    .reduce<ItemLimit | null>((best, limit) => (best === null || limit.effectiveFrom > best.effectiveFrom ? limit : best), null);
  if (found === null) throw new Error(`no limits of item ${itemCode} on ${date}`);
  return found;
}

/** The catalogue as rows of `land_item` and `land_item_limit`, in the order of their columns. */
export function catalogueRows(catalogue: Catalogue): { items: Record<string, string | null>[]; limits: Record<string, string>[] } {
  return {
    items: catalogue.items.map((item) => ({
      item_code: item.itemCode, item_name: item.itemName, section: item.section, case_kind: item.caseKind, item_type: item.itemType,
      basic_code: item.basicCode, implement_code: item.implementCode, certificate_name: item.certificateName,
    })),
    limits: catalogue.limits.map((limit) => ({
      item_code: limit.itemCode, effective_from: limit.effectiveFrom, committed_limit: limit.committedLimit, committed_unit: limit.committedUnit,
      statutory_limit: limit.statutoryLimit, statutory_unit: limit.statutoryUnit, letter_no: limit.letterNo,
    })),
  };
}
