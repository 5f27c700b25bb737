import * as v from 'valibot';
import { anyList } from './settings.ts';

/** A public repository on GitHub. A `.git` at the end of its address is left out, so that one repository has one address. */
const repositoryUrl = v.pipe(
  v.string(),
  v.regex(
    /^https:\/\/github\.com\/[\w-]{1,39}\/(?!\.{1,2}$)[\w.-]{1,100}$/i,
    'A repository is written as https://github.com/<owner>/<name>.',
  ),
  v.transform((url) => url.replace(/(?<=[\w-])\.git$/i, '')),
);

/** What git takes as the name of a branch or tag (git-check-ref-format), of visible ASCII characters only. */
const ref = v.pipe(
  v.string(),
  v.regex(
    /^(?![-/.]|@$)(?!.*(?:[~^:?*[\\]|\.\.|\/[./]|@\{|\.lock(?:\/|$)|[/.]$))[!-~]{1,200}$/,
    'This is no name of a branch or tag.',
  ),
);

/** A path that stays inside the repository. */
const pathInside = v.pipe(
  v.string(),
  v.maxLength(200, 'A path has at most 200 characters.'),
  v.regex(
    /^\w[\w. -]*(?:\/[\w.-][\w. -]*)*$/,
    'A path is relative to the repository, of letters, digits, underscores, hyphens, periods and blanks.',
  ),
  v.check((path) => !path.split('/').some((part) => /^\.{1,2}$/.test(part)), 'A path stays inside the repository.'),
);

/** Databricks knows a notebook without its file's ending. */
const runmePath = v.pipe(
  pathInside,
  v.check((path) => !/\.(?:py|ipynb|sql|scala|r)$/i.test(path), 'A notebook is named without its ending.'),
);

const hasOneRef = ({ branch, tag }: { branch?: string | undefined; tag?: string | undefined }): boolean =>
  (branch === undefined) !== (tag === undefined);

/** One entry of the catalogue in the settings. */
export const catalogueEntry = v.pipe(
  v.strictObject({
    repositoryUrl,
    branch: v.optional(ref),
    tag: v.optional(ref),
    runmePath: v.optional(runmePath),
    jobTemplate: v.optional(pathInside),
    verify: v.optional(v.boolean(), true),
    companion: v.optional(v.boolean(), false),
  }),
  v.check((entry) => hasOneRef(entry), 'Either a branch or a tag.'),
  // The library's job is known by where RUNME is, so that path has to be known without a look into the repository.
  v.transform((entry) => (entry.companion ? { ...entry, runmePath: entry.runmePath ?? 'RUNME' } : entry)),
);

const catalogueName = v.pipe(
  v.string('An accelerator is a name of the catalogue, or an object with a repositoryUrl.'),
  v.regex(/^[a-z0-9-]{1,64}$/, 'An accelerator is a name of the catalogue.'),
);

// What most public accelerators are like: RUNME at the top, waiting for its child, and no results handed over.
const repositoryWish = v.pipe(
  v.strictObject({
    repositoryUrl,
    branch: v.optional(ref),
    tag: v.optional(ref),
    runmePath: v.optional(runmePath, 'RUNME'),
    verify: v.optional(v.boolean(), false),
    companion: v.optional(v.boolean(), true),
  }),
  v.check((wish) => hasOneRef(wish), 'Either a branch or a tag.'),
);

/** An accelerator by repository, as a request asks for it. */
export type RepositoryWish = v.InferOutput<typeof repositoryWish>;

/** What a request asks for: a name of the catalogue, or a repository with a branch or tag. */
export const acceleratorWish = v.lazy((wish): typeof catalogueName | typeof repositoryWish =>
  typeof wish === 'object' && wish !== null ? repositoryWish : catalogueName,
);

export type AcceleratorWish = v.InferOutput<typeof acceleratorWish>;

/** Where an accelerator's notebooks come from, and how its RUNME is run. */
export interface Accelerator {
  /** Fits into paths and names of jobs. Missing where a version of the deployer before 1.2 started the deployment. */
  name?: string | undefined;
  repositoryUrl: string;
  /** Exactly one of both. */
  branch?: string | undefined;
  tag?: string | undefined;
  /** RUNME's path in the repository; the job template's own when left out. */
  runmePath?: string | undefined;
  /** Path of the job template in the repository. */
  jobTemplate?: string | undefined;
  /** Whether its results are proven; true when left out. */
  verify?: boolean | undefined;
  /** Whether RUNME runs its notebooks with the public companion library, waits for them and hands over nothing. */
  companion?: boolean | undefined;
}

const allowedRepository = /^https:\/\/github\.com\/[\w-]{1,39}\/(?:\*|[\w.-]{1,100})$/i;

/** Setting: a comma-separated list of repositories, `*` for all of an owner; empty for none. */
export const repositoryList = v.pipe(anyList, v.array(v.pipe(v.string(), v.regex(allowedRepository))));

/** Whether the list has the repository or all of its owner's. GitHub's names do not tell upper from lower case. */
export function isAllowedRepository(repository: string, allowed: string[]): boolean {
  const url = repository.toLowerCase();
  return allowed.some((entry) => {
    const one = entry.toLowerCase();
    return one.endsWith('/*') ? url.startsWith(one.slice(0, -1)) : url === one;
  });
}
