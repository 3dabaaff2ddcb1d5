import 'reflect-metadata';
import path from 'node:path';
import { startGateway } from './start-gateway.js';
import { loadSettings } from './platform/config/load-settings.config.js';
import { formatFaults } from './platform/config/format-faults.js';
import { loadMappings } from './mapping/load-mappings.adapter.js';
import { loadReturnMappings } from './reconciliation/load-return-mappings.adapter.js';
import { loadStandards } from './reconciliation/load-standards.adapter.js';
import { readSupervision } from './supervision/supervision.module.js';

/** The production start: everything from config/ and the environment; a wrong configuration is told whole and stops it. */
const { settings, faults } = loadSettings({ configDir: path.resolve(process.env['GATEWAY_CONFIG_DIR'] ?? 'config'), env: process.env });
const loaded = settings ? loadMappings({ dir: path.resolve(settings.mappingsDir), streams: settings.streamDefinitions, channels: settings.channels.filter((c) => c.enabled) }) : undefined;
const all = [...faults, ...(loaded?.faults ?? []), ...(settings ? loadStandards(path.resolve(settings.reconciliation.dir)).faults : []), ...(settings ? loadReturnMappings(path.resolve(settings.mappingsDir), settings.channels.filter((c) => c.enabled)).faults : []), ...(settings ? readSupervision(settings).faults : [])];
if (!settings || !loaded || all.length > 0) {
  process.stderr.write(`The gateway does not start: ${all.length} fault${all.length === 1 ? '' : 's'} in the configuration.\n${formatFaults(all)}\n`);
  process.exitCode = 78; // EX_CONFIG
} else {
  try {
    const gateway = await startGateway({ settings, mappings: loaded.mappings });
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      gateway.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`The gateway did not stop cleanly: ${String(error)}\n`);
          process.exit(1);
        },
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  } catch (error) {
    process.stderr.write(`The gateway does not start: ${error instanceof Error ? error.message : String(error)}\nRun \`npm run gateway -- check\`: it tries each connection and says what to do.\n`);
    process.exit(69); // EX_UNAVAILABLE
  }
}
