/** One fault of a request: where (JSON pointer) and what. */
export interface RequestFault {
  pointer: string;
  message: string;
}
