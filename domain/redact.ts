const secrets: [pattern: RegExp, replacement: string][] = [
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(?:dapi|dose|dkea)[0-9a-f]{16,}(?:-\d+)?\b/g, '[token]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 [token]'],
  [/([?&](?:code|sig|signature|s|h|access_token|client_secret)=)[^&\s"']+/gi, '$1[hidden]'],
  [/((?:AccountKey|SharedAccessKey|password|client_secret)\s*[=:]\s*)[^;\s"',]+/gi, '$1[hidden]'],
];

/** The text without tokens, keys and signed query parts, so that a remote side's words can be shown and stored. */
export const redact = (text: string): string =>
  secrets.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
