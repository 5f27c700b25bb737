/** RUNME's parameters from texts like `rows=64`: the small profile when none is named. Throws for a text of another form. */
export function notebookParameters(texts: string[]): Record<string, string> {
  const given = texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--parameter ${text} is not of the form name=value.`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return { profile: 'small', ...Object.fromEntries(given) };
}
