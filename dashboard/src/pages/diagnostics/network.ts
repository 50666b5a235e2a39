/** The network that fails on demand, which the fallback page of the server has too: one of them is enough. */
export { Network } from '../../../../src/headway/server/static/network.js';
export type { Carrier } from '../../../../src/headway/server/static/network.js';
export { socketIo } from '../../../../src/headway/server/static/socketio.js';
