import type { validate as Validate } from '@actions/languageservice/validate';
import { build } from 'esbuild';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TextDocument as Text } from 'vscode-languageserver-textdocument';

interface Service {
  validate: typeof Validate;
  TextDocument: typeof Text;
}

/** What GitHub's own language service finds wrong in a workflow or an action: lines with what is said of them. */
export type WorkflowFaults = (text: string, kind?: 'workflow' | 'action') => Promise<string[]>;

/** Loads the language service, which imports JSON in a way that only a bundler takes. */
export async function workflowFaults(): Promise<WorkflowFaults> {
  const modules = `export { validate } from '@actions/languageservice/validate';
    export { TextDocument } from 'vscode-languageserver-textdocument';`;
  const { outputFiles } = await build({
    stdin: { contents: modules, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    write: false,
  });
  const file = join(mkdtempSync(join(tmpdir(), 'service-')), 'service.mjs');
  writeFileSync(file, outputFiles[0]?.contents ?? '');
  const { validate, TextDocument } = (await import(pathToFileURL(file).href)) as Service;
  let texts = 0;
  return async (text, kind = 'workflow') => {
    // It takes two texts of one address for the same.
    const folder = texts++;
    const address = kind === 'action' ? `actions/${folder}/action.yml` : `workflows/${folder}.yml`;
    const found = await validate(TextDocument.create(`file:///.github/${address}`, 'yaml', 1, text));
    return found.map(
      ({ range, message }) => `${range.start.line + 1}: ${typeof message === 'string' ? message : message.value}`,
    );
  };
}
