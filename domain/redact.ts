const named =
  'account_?key|access_?key|api_?key|functions-key|password|passwd|client_?secret|personal_access_token|' +
  '(?:access|refresh|id|management)[_-]?token';

const secrets: [pattern: RegExp, replacement: string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[key]'],
  [/eyJ[\w-]{8,2000}\.[\w-]+\.?[\w-]*/g, '[token]'],
  [/(?:dapi|dose|dkea)[0-9a-f]{16,}(?:-\d+)?/gi, '[token]'],
  [/(?:gh[pousr]_|github_pat_)\w{20,}/g, '[token]'],
  // A client secret of Entra ID has these three characters at its fourth place.
  [/[\w.~-]{3}\dQ~[\w.~-]{20,}/g, '[token]'],
  // An account key of Azure Storage or Cosmos DB: 64 bytes.
  [/[A-Za-z0-9+/]{86}==/g, '[key]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 [token]'],
  [/(https?:\/\/)[^\s/@:"']+:[^\s/@"']+@/gi, '$1[hidden]@'],
  [/((?:[?&;]|%26)(?:code|c|s|h|t)=)[^&\s"'<>]+/gi, '$1[hidden]'],
  [/((?:\b|%26)(?:sig|signature)(?:=|%3D))[^&\s"'<>]+/gi, '$1[hidden]'],
  // Quoted values end with their quote, bare ones with the next separator.
  [new RegExp(`((?:${named})["'\\\\]*\\s*[=:]\\s*(["']))(?:(?!\\2)[^\\\\]|\\\\.)+`, 'gi'), '$1[hidden]'],
  [new RegExp(`((?:${named})["'\\\\]*\\s*[=:]\\s*["'\\\\]*)[^;&\\s"'\\\\,}]+`, 'gi'), '$1[hidden]'],
];

/** The text without tokens, keys and signed query parts, so that a remote side's words can be shown and stored. */
export const redact = (text: string): string =>
  secrets.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
