// How every page (src/<face>/page) is built: one configuration for Vite, whose only difference is the address.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import vue from '@vitejs/plugin-vue';

/** For `vite.config.mjs` of a page: `export default pageConfig(import.meta.url, '/ops/')`. Builds into dist/<face>/page. */
export function pageConfig(configUrl, base) {
  const root = path.dirname(fileURLToPath(configUrl));
  const outDir = path.resolve(root, '..', '..', '..', 'dist', path.basename(path.dirname(root)), 'page');
  return {
    root, base, clearScreen: false, logLevel: 'warn',
    cacheDir: path.resolve(root, '..', '..', '..', '.cache', 'vite'),
    plugins: [vue(), elementStyles(), compressed()],
    // Nothing inline: the policy of the server refuses it. Old office machines stand still at Chrome 109.
    build: {
      outDir, emptyOutDir: true, target: ['chrome87', 'edge88', 'firefox78', 'safari14'], cssTarget: ['chrome87', 'edge88', 'firefox78', 'safari14'],
      assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false, chunkSizeWarningLimit: 700,
      // What changes with every version of ours is kept apart from what does not, so that a browser keeps the latter.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router)[\\/]/, priority: 2 }] } } },
    },
  };
}

/** `import { ElButton } from 'element-plus'` brings the styles of ElButton along, and nobody else's. */
function elementStyles() {
  const components = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules', 'element-plus', 'es', 'components');
  return {
    name: 'element-styles',
    transform(code, id) {
      if (id.includes('node_modules') || !/\.(vue|ts)(\?|$)/.test(id)) return undefined;
      const names = [...code.matchAll(/import\s*\{([^}]*)\}\s*from\s*['"]element-plus['"]/g)].flatMap((match) => match[1].split(',')).map((name) => name.trim().split(/\s+/)[0]).filter((name) => /^El[A-Z]/.test(name));
      const styles = names.map((name) => name.slice(2).replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()).filter((name) => fs.existsSync(path.join(components, name, 'style', 'css.mjs')));
      return styles.length === 0 ? undefined : { code: `${styles.map((name) => `import 'element-plus/es/components/${name}/style/css';`).join('')}${code}`, map: null };
    },
  };
}

/** Each file once more as .gz and .br, so that the server compresses nothing while somebody waits. */
function compressed() {
  return {
    name: 'compressed',
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        const content = fs.readFileSync(path.join(dir, name));
        if (content.length < 1024 || /\.(woff2|png|jpe?g)$/.test(name)) continue;
        fs.writeFileSync(path.join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
        fs.writeFileSync(path.join(dir, `${name}.br`), brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }));
      }
    },
  };
}
