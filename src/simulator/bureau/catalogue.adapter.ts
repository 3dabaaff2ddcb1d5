import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCatalogue, type Catalogue } from './read-catalogue.js';

/** Folder of the sample bureau's files, seen from src and from dist alike. */
export const bureauFolder = fileURLToPath(new URL('../../../config/bureau/', import.meta.url));

/** The catalogue that comes with the project (config/bureau/*.csv). */
export function loadCatalogue(folder: string = bureauFolder): Catalogue {
  return readCatalogue(readFileSync(`${folder}/items.csv`, 'utf8'), readFileSync(`${folder}/item-limits.csv`, 'utf8'));
}
