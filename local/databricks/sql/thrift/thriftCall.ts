import service from '@databricks/sql/thrift/TCLIService.js';
import thrift from 'thrift';
import { malformedRequest } from '../../apiError.ts';

/** The operation that a message asks for; undefined when the bytes are no Thrift call. */
export function calledMethod(message: Buffer): string | undefined {
  // Strict binary protocol: version and message type, length of the name, the name.
  if (message.length < 8 || message.readUInt16BE(0) !== 0x8001) return undefined;
  const length = message.readInt32BE(4);
  const name = length > 0 && length < 100 ? message.toString('latin1', 8, 8 + length) : '';
  return /^\w+$/.test(name) ? name : undefined;
}

/** Lets the handler answer one call of TCLIService; each of its methods takes one argument. 400 when the message is cut short. */
export function answerCall(message: Buffer, handler: object): Promise<Buffer> {
  if (calledMethod(message) === undefined) throw malformedRequest('The body is no Thrift call.');
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const output = new thrift.TBinaryProtocol(new thrift.TBufferedTransport(undefined, resolve));
  const receive = thrift.TBufferedTransport.receiver((transport) => {
    try {
      new service.Processor(handler).process(new thrift.TBinaryProtocol(transport), output);
    } catch (error) {
      reject(malformedRequest(`The Thrift call cannot be read: ${String(error)}`));
    }
  });
  receive(message);
  return promise;
}
