// A thread that parses batches with the grammar of the whole of Transact-SQL (grammars-v4, as @dbml/core carries it). A thread of its
// own, because the parser is several times slower inside the test runner's sandbox.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parentPort } from 'node:worker_threads';
import { CharStream, CommonTokenStream, InterpreterDataReader, LexerInterpreter, ParserInterpreter } from 'antlr4ng';

const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('@dbml/core/package.json')), 'lib/parse/ANTLR/parsers/mssql');
const read = (file) => InterpreterDataReader.parseInterpreterData(readFileSync(path.join(folder, file), 'utf8'));
const lexing = read('TSqlLexer.interp');
const parsing = read('TSqlParser.interp');
const lexer = new LexerInterpreter('TSqlLexer.g4', lexing.vocabulary, lexing.ruleNames, lexing.channels, lexing.modes, lexing.atn, CharStream.fromString(''));
const parser = new ParserInterpreter('TSqlParser.g4', parsing.vocabulary, parsing.ruleNames, parsing.atn, new CommonTokenStream(lexer));
const start = parsing.ruleNames.indexOf('tsql_file');
parser.buildParseTrees = false;

let fault;
const nothing = () => undefined;
for (const recognizer of [lexer, parser]) {
  recognizer.removeErrorListeners();
  recognizer.addErrorListener({
    syntaxError: (_recognizer, _symbol, line, column, message) => { fault ??= `${line}:${column} ${message.replace(/ expecting [^]*/, '')}`; },
    reportAmbiguity: nothing, reportAttemptingFullContext: nothing, reportContextSensitivity: nothing,
  });
}

function firstFault(text) {
  fault = undefined;
  lexer.inputStream = CharStream.fromString(text);
  parser.tokenStream = new CommonTokenStream(lexer);
  parser.reset();
  parser.parse(start);
  return fault;
}

// The interpreter misreads the very first text that it is given, and no other.
firstFault('select 1');
parentPort.on('message', (batches) => parentPort.postMessage(batches.map(firstFault)));
