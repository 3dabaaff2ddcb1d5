export { freePort } from '../../src/simulator/servers/free-port.adapter.js';
