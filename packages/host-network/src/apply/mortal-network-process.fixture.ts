// A host network that another process drives, and may kill at any moment.
import { type Answer, type Call, call } from './mortal-network.fixture.ts';
import { openHostNetwork } from './open-host-network.ts';

const network = openHostNetwork({ linkWaitMs: 1_000 });
const tell = (answer: Answer) => process.send?.(answer);

process.on('message', async (message) => {
  const { id, name, args } = message as Call;
  try {
    tell({ id, value: await call(network, name, args) });
  } catch (error) {
    tell({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
