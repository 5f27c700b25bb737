/** The parts of Apache Thrift's library that a server without a socket needs; it brings no types. */
declare module 'thrift' {
  namespace thrift {
    interface TTransport {
      close(): void;
    }
    class TBufferedTransport implements TTransport {
      constructor(buffer: undefined, onFlush: (message: Buffer, sequence: number) => void);
      close(): void;
      static receiver(callback: (transport: TTransport) => void): (data: Buffer) => void;
    }
    interface TProtocol {
      flush(): void;
    }
    class TBinaryProtocol implements TProtocol {
      constructor(transport: TTransport);
      flush(): void;
    }
    namespace Thrift {}
    namespace Q {}
  }
  export = thrift;
}

declare module 'node-int64' {
  class Int64 {
    constructor(value: number | Buffer);
    toNumber(): number;
  }
  export = Int64;
}
