/**
 * Bytes between programs: transports over TCP, TLS, Unix sockets and memory, what accepts and dials them, and a reader
 * and a writer for their bytes. All that HTTP needs of a network, and nothing of HTTP.
 *
 * ```ts
 * import { acceptLoop, dialTcp, listenTcp, Reader, Wire, Writer } from "@avx/http/net";
 *
 * using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
 * const accepting = acceptLoop(listener, {
 *   onError: console.error,
 *   async onTransport(transport, permit) {
 *     using _permit = permit;
 *     using _transport = transport;
 *     const reader = new Reader(transport);
 *     const writer = new Writer(transport, { stallTimeout: 10_000 });
 *     while (await reader.fill()) {
 *       if (!writer.write(reader.take())) await writer.ready;
 *     }
 *     await writer.end();
 *   },
 * });
 *
 * const wire = new Wire(await dialTcp({ port: listener.addr.port }));
 * await wire.write("echo");
 * await wire.end();
 * console.log(await wire.readToEnd()); // echo
 * wire.close();
 * listener.close();
 * await accepting;
 * ```
 *
 * @module
 */

export {
  acceptLoop,
  type AcceptOptions,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
} from "./accept.ts";
export { ByteView } from "./byte_view.ts";
export { dialTcp, type DialTcpOptions, listenTcp, type ListenTcpOptions } from "./deno_tcp.ts";
export { dialTls, type DialTlsOptions, listenTls, type ListenTlsOptions } from "./deno_tls.ts";
export {
  dialUnix,
  type DialUnixOptions,
  dialVsock,
  type DialVsockOptions,
  listenUnix,
  type ListenUnixOptions,
  listenVsock,
  type ListenVsockOptions,
} from "./deno_unix.ts";
export { attempt, DEFAULT_DIAL_TIMEOUT, type DialOptions } from "./dial.ts";
export { HandshakeError, LimitError } from "./error.ts";
export {
  DEFAULT_CAPACITY,
  type MemoryDialOptions,
  type MemoryNetwork,
  memoryNetwork,
  type MemoryNetworkOptions,
  memoryPipe,
  type MemoryPipeOptions,
  type MemoryTransport,
} from "./memory.ts";
export { secureListener, type SecureListenerOptions } from "./node_tls.ts";
export { PrefixedTransport } from "./prefixed_transport.ts";
export {
  DEFAULT_INITIAL_SIZE,
  DEFAULT_MAX_SIZE,
  DEFAULT_MIN_READ,
  Reader,
  type ReaderOptions,
  type ReadUntilOptions,
  type ReadWatcher,
} from "./reader.ts";
export type { CertifiedKey, TlsListener } from "./tls.ts";
export type { Address, Connect, Listener, MemoryAddress, Transport } from "./transport.ts";
export { Wire } from "./wire.ts";
export { DEFAULT_HIGH_WATER_MARK, Writer, type WriterOptions } from "./writer.ts";
