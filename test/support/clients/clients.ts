import { type ClientOptions, credentials } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createClient, type ServiceClient } from '../../../src/wire/client.ts';

export type LearningClient = ServiceClient<typeof LearningService>;
export type AdminClient = ServiceClient<typeof LearningAdminService>;

/** A client of each service. */
export interface Clients {
  readonly client: LearningClient;
  readonly admin: AdminClient;
}

/** Each client has a connection of its own, as clients in processes of their own have. */
const OWN_CONNECTION: ClientOptions = { 'grpc.use_local_subchannel_pool': 1 };

/** A client until the test ends. */
export function learningClient(address: string): LearningClient {
  const client = createClient(
    LearningService,
    address,
    credentials.createInsecure(),
    OWN_CONNECTION,
  );
  onTestFinished(() => client.close());
  return client;
}

/** As `learningClient`. */
export function adminClient(address: string): AdminClient {
  const client = createClient(
    LearningAdminService,
    address,
    credentials.createInsecure(),
    OWN_CONNECTION,
  );
  onTestFinished(() => client.close());
  return client;
}

/** As `learningClient`. */
export function clientsOf(address: string): Clients {
  return { client: learningClient(address), admin: adminClient(address) };
}
