import { pageConfig } from '../../setup/page-build.mjs';

export default pageConfig(import.meta.url, '/inquiry/');
