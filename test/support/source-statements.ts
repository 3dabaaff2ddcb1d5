import path from 'node:path';
import ts from 'typescript';
import { mssqlDialect } from '../../src/platform/database/mssql-dialect.adapter.js';

/** A statement that the source writes, as SQL Server would get it, or a piece that no statement of its file takes in. */
export interface SourceStatement {
  /** File and line. */
  readonly place: string;
  readonly text: string;
  readonly whole: boolean;
}

/** Alternatives of one piece of text: both branches of a choice. */
type Texts = readonly string[];

const param = '@1';
/** Stands for a name or number that only a run knows. */
const unknownName = 'x1';
const whole = /^\s*(select|insert|update|delete|with|alter|create|drop|truncate|merge|exec|if|declare)\b/i;

/**
 * Writes out the `sql` templates of files by reading their source: parameters become @1, lists @1, @2, pieces that are chosen give
 * each choice once, and what the dialects give is what the one of SQL Server gives.
 */
export function sourceStatements(files: readonly string[]): SourceStatement[] {
  const program = ts.createProgram([...files], { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true, skipLibCheck: true, types: [], lib: ['lib.es2023.d.ts'] });
  const checker = program.getTypeChecker();
  const used = new Set<ts.Node>();
  const readTexts = new Map<ts.Node, Texts | undefined>();
  const readPieces = new Map<ts.Node, Texts | undefined>();
  const assigned = new Map<ts.Node, ts.Expression[]>();
  const named = new Map<string, ts.Expression[]>();
  const calls = new Map<string, ts.CallExpression[]>();

  const sources = files.map((f) => program.getSourceFile(f)!);
  const walk = (node: ts.Node, see: (node: ts.Node) => void): void => {
    see(node);
    ts.forEachChild(node, (child) => walk(child, see));
  };
  const join = (pieces: readonly Texts[]): Texts => {
    const ways = Math.max(1, ...pieces.map((p) => p.length));
    return Array.from({ length: Math.min(ways, 8) }, (_, way) => pieces.map((p) => p[way % p.length] ?? '').join(''));
  };
  const distinct = (texts: Texts): Texts => [...new Set(texts)];
  const declarationsOf = (node: ts.Node): readonly ts.Declaration[] => {
    let symbol = checker.getSymbolAtLocation(node);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    return symbol?.declarations ?? [];
  };
  const declarationOf = (node: ts.Node): ts.Declaration | undefined => declarationsOf(node)[0];
  const isTagged = (n: ts.Node): n is ts.TaggedTemplateExpression => ts.isTaggedTemplateExpression(n) && n.tag.getText() === 'sql';
  const bare = (n: ts.Expression): ts.Expression => (ts.isParenthesizedExpression(n) || ts.isAsExpression(n) || ts.isNonNullExpression(n) || ts.isAwaitExpression(n) || ts.isSatisfiesExpression(n) ? bare(n.expression) : n);

  const add = <K>(to: Map<K, ts.Expression[]>, key: K, value: ts.Expression): void => void to.set(key, [...(to.get(key) ?? []), value]);
  for (const source of sources) walk(source, (n) => {
    if (ts.isCallExpression(n)) {
      const name = ts.isPropertyAccessExpression(n.expression) ? n.expression.name.text : ts.isIdentifier(n.expression) ? n.expression.text : '';
      calls.set(`${source.fileName} ${name}`, [...(calls.get(`${source.fileName} ${name}`) ?? []), n]);
    }
    if (ts.isPropertyAssignment(n)) add(named, `${source.fileName} ${n.name.getText()}`, n.initializer);
    if (ts.isCallExpression(n) && ts.isPropertyAccessExpression(n.expression) && n.expression.name.text === 'push' && ts.isIdentifier(n.expression.expression)) {
      const d = declarationOf(n.expression.expression);
      if (d) for (const a of n.arguments) add(assigned, d, a);
    }
    if (ts.isBinaryExpression(n) && n.operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isIdentifier(n.left)) {
      const d = declarationOf(n.left);
      if (d) add(assigned, d, n.right);
    }
  });

  /** What a function may return, as expressions. */
  const returnsOf = (d: ts.Node): ts.Expression[] => {
    if (ts.isVariableDeclaration(d) || ts.isPropertyAssignment(d) || ts.isPropertyDeclaration(d)) return d.initializer ? returnsOf(d.initializer) : [];
    if (ts.isArrowFunction(d) && !ts.isBlock(d.body)) return [d.body];
    const out: ts.Expression[] = [];
    const body = ts.isFunctionLike(d) && 'body' in d ? (d.body as ts.Node | undefined) : undefined;
    const look = (n: ts.Node): void => {
      if (ts.isReturnStatement(n) && n.expression) out.push(n.expression);
      if (!ts.isFunctionLike(n)) ts.forEachChild(n, look);
    };
    if (body) look(body);
    return out;
  };
  /** What a name may stand for: its value, what was assigned to it since, or what callers give for it. */
  const valuesOf = (node: ts.Identifier | ts.PropertyAccessExpression): ts.Expression[] => {
    const d = declarationOf(ts.isPropertyAccessExpression(node) ? node.name : node);
    const ofThatName = (): ts.Expression[] => named.get(`${node.getSourceFile().fileName} ${ts.isIdentifier(node) ? node.text : node.name.text}`) ?? [];
    if (d && ts.isBindingElement(d) && ts.isArrayBindingPattern(d.parent) && ts.isVariableDeclaration(d.parent.parent) && ts.isForOfStatement(d.parent.parent.parent.parent)) {
      const at = d.parent.elements.indexOf(d);
      return elementsIn(d.parent.parent.parent.parent.expression).flatMap((e) => elementsIn(e)[at] ?? []);
    }
    if (!d || ts.isBindingElement(d) || ts.isPropertySignature(d)) return ofThatName();
    if (ts.isParameter(d)) {
      const f = d.parent;
      const over = ts.isCallExpression(f.parent) && ts.isPropertyAccessExpression(f.parent.expression) && ['map', 'flatMap', 'filter', 'reduce'].includes(f.parent.expression.name.text) ? f.parent.expression : undefined;
      if (over) return over.name.text === 'reduce' || f.parameters.indexOf(d) === 0 ? elementsIn(over.expression) : [];
      const name = 'name' in f && f.name ? (f.name as ts.Node).getText() : ts.isVariableDeclaration(f.parent) || ts.isPropertyAssignment(f.parent) ? f.parent.name.getText() : '';
      const at = f.parameters.indexOf(d);
      const given = (calls.get(`${d.getSourceFile().fileName} ${name}`) ?? []).flatMap((c) => c.arguments[at] ?? []);
      return [...given, ...(d.initializer ? [d.initializer] : [])];
    }
    if (ts.isVariableDeclaration(d)) return [...(d.initializer ? [d.initializer] : []), ...(assigned.get(d) ?? [])];
    if (ts.isPropertyAssignment(d) || ts.isPropertyDeclaration(d)) return d.initializer ? [d.initializer] : [];
    if (ts.isShorthandPropertyAssignment(d)) return [];
    return [];
  };
  /** Elements of a list, as far as they are written down. */
  const elementsIn = (expression: ts.Expression): ts.Expression[] => {
    const n = bare(expression);
    if (ts.isArrayLiteralExpression(n)) return [...n.elements];
    if (ts.isIdentifier(n)) return valuesOf(n).flatMap((v) => (isTagged(bare(v)) ? [v] : elementsIn(v)));
    if (ts.isCallExpression(n) && ts.isPropertyAccessExpression(n.expression) && n.expression.name.text === 'map' && n.arguments[0]) return returnsOf(n.arguments[0]);
    if (ts.isCallExpression(n) && ts.isIdentifier(n.expression)) return declarationsOf(n.expression).flatMap(returnsOf).flatMap(elementsIn);
    if (ts.isCallExpression(n) && ts.isPropertyAccessExpression(n.expression) && ['filter', 'slice'].includes(n.expression.name.text)) return elementsIn(n.expression.expression);
    if (ts.isConditionalExpression(n)) return branches(n).flatMap(elementsIn);
    if (ts.isObjectLiteralExpression(n)) return n.properties.flatMap((p) => (ts.isPropertyAssignment(p) ? p.initializer : []));
    return [];
  };
  /** A choice by engine is decided; any other gives both. */
  const branches = (n: ts.ConditionalExpression): ts.Expression[] => {
    const condition = n.condition.getText();
    if (/engine === 'postgres'|^postgres$/.test(condition)) return [n.whenFalse];
    if (/engine === 'mssql'|^mssql$/.test(condition)) return [n.whenTrue];
    return [n.whenTrue, n.whenFalse];
  };
  /** Each node is read once; one that stands for itself, as a condition that grows does, gives nothing there. */
  const remember = (known: Map<ts.Node, Texts | undefined>, node: ts.Node, work: () => Texts | undefined): Texts | undefined => {
    if (known.has(node)) return known.get(node);
    known.set(node, undefined);
    const texts = work()?.slice(0, 8);
    known.set(node, texts);
    return texts;
  };
  const every = (nodes: readonly ts.Expression[], read: (n: ts.Expression) => Texts | undefined): Texts | undefined => {
    const found = nodes.flatMap((n) => read(n) ?? []);
    return found.length === 0 ? undefined : distinct(found);
  };

  /** The text of what stands in raw(…). */
  const textOf = (expression: ts.Expression): Texts | undefined => remember(readTexts, expression, () => {
    const n = bare(expression);
    if (ts.isStringLiteralLike(n)) return [n.text];
    if (ts.isNumericLiteral(n)) return [n.text];
    if (ts.isTemplateExpression(n)) return join([[n.head.text], ...n.templateSpans.flatMap((s) => [textOf(s.expression) ?? [unknownName], [s.literal.text]])]);
    if (ts.isConditionalExpression(n)) return every(branches(n), textOf);
    if (ts.isBinaryExpression(n) && n.operatorToken.kind === ts.SyntaxKind.PlusToken) return join([textOf(n.left) ?? [unknownName], textOf(n.right) ?? [unknownName]]);
    if (ts.isBinaryExpression(n) && n.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return every([n.left, n.right], textOf);
    const known = fromDialect(n);
    if (known) return known;
    if (ts.isIdentifier(n) || ts.isPropertyAccessExpression(n)) return every(valuesOf(n), textOf);
    if (ts.isElementAccessExpression(n)) return every(elementsIn(n.expression), textOf);
    if (ts.isCallExpression(n)) {
      const name = ts.isPropertyAccessExpression(n.expression) ? n.expression.name : n.expression;
      if (name.getText() === 'join' && ts.isPropertyAccessExpression(n.expression)) return elementsOf(n.expression.expression, n.arguments[0]);
      const d = declarationOf(name);
      return d && every(returnsOf(d), textOf);
    }
    return undefined;
  });
  /** Elements joined by what is said: those of a literal, or two of a kind. */
  const elementsOf = (expression: ts.Expression, separator: ts.Expression | undefined): Texts | undefined => {
    const between = (separator && textOf(separator)?.[0]) ?? ',';
    const n = bare(expression);
    if (ts.isArrayLiteralExpression(n)) return join(n.elements.flatMap((e, i) => [...(i > 0 ? [[between]] : []), textOf(e) ?? [unknownName]]));
    if (ts.isCallExpression(n) && ts.isPropertyAccessExpression(n.expression) && n.expression.name.text === 'map' && n.arguments[0]) {
      const one = every(returnsOf(n.arguments[0]), textOf);
      return one && one.map((t) => [t, t.replaceAll(unknownName, 'x2')].join(between));
    }
    const written = ts.isIdentifier(n) ? every(valuesOf(n), (v) => elementsOf(v, separator)) : undefined;
    return written ?? [[unknownName, 'x2'].join(between)];
  };
  /** `top.prefix`, `lockRows.hint` and the like. */
  const fromDialect = (n: ts.Expression): Texts | undefined => {
    const name = ts.isPropertyAccessExpression(n) ? n.name.text : ts.isIdentifier(n) ? n.text : '';
    if (name === 'prefix') return [mssqlDialect.top(10).prefix];
    if (name === 'suffix') return [''];
    if (name === 'hint') return [mssqlDialect.lockRows.hint];
    return undefined;
  };

  /** The text of something that is a piece of a statement; undefined when it is a value. */
  const pieceOf = (expression: ts.Expression): Texts | undefined => remember(readPieces, expression, () => {
    const n = bare(expression);
    if (isTagged(n)) {
      used.add(n);
      return templateOf(n);
    }
    if (ts.isConditionalExpression(n)) return every(branches(n), pieceOf);
    if (ts.isBinaryExpression(n) && n.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return every([n.left, n.right], pieceOf);
    if (ts.isCallExpression(n)) {
      const name = ts.isPropertyAccessExpression(n.expression) ? n.expression.name : n.expression;
      if (name.getText() === 'raw') return (n.arguments[0] && textOf(n.arguments[0])) ?? [unknownName];
      if (name.getText() === 'list') return ['@1, @2'];
      if (name.getText() === 'among') return (textOf(n.arguments[0]!) ?? [unknownName]).map((c) => `${c} in (@1, @2)`);
      if (name.getText() === 'reduce' && n.arguments[0]) return every([...(ts.isPropertyAccessExpression(n.expression) ? [n.expression.expression] : []), ...returnsOf(n.arguments[0])], pieceOf);
      if (name.getText() === 'map' && n.arguments[0]) return every(returnsOf(n.arguments[0]), pieceOf);
      const d = declarationOf(name);
      return d && every(returnsOf(d), pieceOf);
    }
    if (ts.isArrayLiteralExpression(n)) return every(n.elements, pieceOf);
    if (ts.isElementAccessExpression(n)) return every(elementsIn(n.expression), pieceOf);
    if (ts.isIdentifier(n) || ts.isPropertyAccessExpression(n)) return every(valuesOf(n), pieceOf);
    return undefined;
  });
  /** A condition that grows by itself begins with what it was at first. */
  const firstOf = (n: ts.Expression): Texts | undefined => (ts.isIdentifier(n) ? every(valuesOf(n).slice(0, 1), pieceOf) : undefined);
  const templateOf = (n: ts.TaggedTemplateExpression): Texts => {
    const t = n.template;
    if (ts.isNoSubstitutionTemplateLiteral(t)) return [t.text];
    return join([[t.head.text], ...t.templateSpans.flatMap((s) => [pieceOf(s.expression) ?? firstOf(s.expression) ?? [param], [s.literal.text]])]);
  };

  const found: SourceStatement[] = [];
  const templates = sources.flatMap((source) => {
    const all: ts.TaggedTemplateExpression[] = [];
    walk(source, (n) => { if (isTagged(n)) all.push(n); });
    return all;
  });
  const place = (n: ts.Node): string => `${path.relative('.', n.getSourceFile().fileName)}:${n.getSourceFile().getLineAndCharacterOfPosition(n.getStart()).line + 1}`;
  // All are written out before it is known which of them are only pieces of others.
  const ofPostgres = (n: ts.Node): boolean => ((ts.isFunctionDeclaration(n) || ts.isVariableDeclaration(n)) && /^postgres/i.test(n.name?.getText() ?? '')) || (!ts.isSourceFile(n) && ofPostgres(n.parent));
  const written = templates.map((n) => ({ n, texts: templateOf(n) }));
  for (const { n, texts } of written.filter((w) => !used.has(w.n) && !ofPostgres(w.n))) for (const text of texts) if (text.trim() !== '') found.push({ place: place(n), text: text.replace(/\s+/g, ' ').trim(), whole: whole.test(text) });
  // What is given to the driver as plain text.
  for (const [name, nodes] of calls) if (/ (query|batch)$/.test(name)) for (const n of nodes) for (const text of (n.arguments[0] && textOf(n.arguments[0])) ?? []) if (whole.test(text)) found.push({ place: place(n), text: text.replace(/\s+/g, ' ').trim(), whole: true });
  return found;
}
