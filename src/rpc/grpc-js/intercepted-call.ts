import type {
  Metadata,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerInterceptor,
} from '@grpc/grpc-js';

/** How a call is ended. */
export type End = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];
type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
export type Message = Parameters<Listener['onReceiveMessage']>[0];

/** An interceptor that puts something between a server and each of its calls. */
export function interceptorOf(
  wrap: (
    method: Parameters<ServerInterceptor>[0],
    call: ServerInterceptingCallInterface,
  ) => ServerInterceptingCallInterface,
): ServerInterceptor {
  // grpc-js asks for a class of its own, which costs more, and uses its interface alone.
  return (method, call) => wrap(method, call) as ServerInterceptingCall;
}

/**
 * A call that hands on all that is sent and received: for those who change some of it. It is its own
 * listener: there is one for each call.
 */
export class InterceptedCall implements ServerInterceptingCallInterface, Listener {
  readonly #call: ServerInterceptingCallInterface;
  #listener: Listener | undefined;

  constructor(call: ServerInterceptingCallInterface) {
    this.#call = call;
  }

  /** What lies beneath all interceptors. */
  get base(): ServerInterceptingCallInterface {
    return this.#call instanceof InterceptedCall ? this.#call.base : this.#call;
  }

  start(listener: Listener): void {
    this.#listener = listener;
    this.#call.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: Message): void {
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#listener?.onCancel();
  }

  sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  sendMessage(message: Message, callback: () => void): void {
    this.#call.sendMessage(message, callback);
  }

  sendStatus(end: End): void {
    this.#call.sendStatus(end);
  }

  startRead(): void {
    this.#call.startRead();
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  getDeadline() {
    return this.#call.getDeadline();
  }

  getHost(): string {
    return this.#call.getHost();
  }

  getAuthContext() {
    return this.#call.getAuthContext();
  }

  getConnectionInfo() {
    return this.#call.getConnectionInfo();
  }

  getMetricsRecorder() {
    return this.#call.getMetricsRecorder();
  }
}
