import * as fc from 'fast-check';
import { fields, odd, optional, required, unknownKeys } from './fieldValues.ts';
import { either, type Judged, refused, taken, type Verdict } from './verdict.ts';

/** A body in few words, because a failing one is printed: `text`, and then `fill` so many times. */
export interface Body {
  text: string;
  fill: string;
  times: number;
  /** `latin1` makes invalid UTF-8 of what is beyond ASCII. */
  encoding: 'utf8' | 'latin1';
  /** Sent without its length, and so not handed over by the host. */
  chunked: boolean;
}

export const bytesOf = ({ text, fill, times, encoding }: Body): Buffer =>
  Buffer.concat([Buffer.from(text, encoding), Buffer.from(fill.repeat(times), encoding)]);

/** A text as it is. */
export const plainBody = (text: string): Body => ({ text, fill: '', times: 0, encoding: 'utf8', chunked: false });

type Members = [key: string, value: string][];

const textOf = (members: Members): string =>
  `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;

const valueOf = (key: string): fc.Arbitrary<[string, string]> =>
  fc.constantFrom(...(fields[key]?.good ?? [])).map((value) => [key, value]);

/** Requests without a fault. */
const soundMembers = (workspaces: string[]): fc.Arbitrary<Members> =>
  fc
    .tuple(valueOf('resourceGroup'), fc.constantFrom(...workspaces), fc.subarray(optional, { maxLength: 3 }))
    .chain(([group, workspace, keys]) =>
      fc
        .tuple(...keys.map(valueOf))
        .map((others): Members => [group, ['workspaceName', JSON.stringify(workspace)], ...others]),
    );

const openObjects = new Set(['compute', 'parameters', 'tags', 'network']);

/** A value for which there is no excuse, of any key. */
const badMember: fc.Arbitrary<[string, string]> = fc
  .constantFrom(...Object.keys(fields))
  .chain((key) =>
    fc
      .constantFrom(...(fields[key]?.bad ?? []), ...odd, ...(openObjects.has(key) ? [] : ['{}']))
      .map((value) => [key, value]),
  );

const replaced = (members: Members, [key, value]: [string, string]): Members => [
  ...members.filter(([one]) => one !== key),
  [key, value],
];

const anyText = fc.string({ unit: 'binary', maxLength: 40 });

/** Words of any script in the places that are open to them: nobody says here whether they fit. */
const anyWords = fc
  .tuple(fc.constantFrom('tags', 'parameters'), fc.dictionary(anyText, anyText, { maxKeys: 4 }))
  .map(([key, words]): [string, string] => [key, JSON.stringify(words)]);

/** One change of a sound request, and what it does to it. */
const changes: fc.Arbitrary<(members: Members) => Judged<Body>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant((members: Members) => taken(plainBody(textOf(members)))) },
  {
    weight: 8,
    arbitrary: badMember.map((bad) => (members: Members) => refused(plainBody(textOf(replaced(members, bad))))),
  },
  {
    weight: 2,
    arbitrary: anyWords.map((one) => (members: Members) => either(plainBody(textOf(replaced(members, one))))),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...required)
      .map((key) => (members: Members) => refused(plainBody(textOf(members.filter(([one]) => one !== key))))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...unknownKeys), fc.constantFrom(...odd))
      .map((one) => (members: Members) => refused(plainBody(textOf([...members, one])))),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map((at) => (members: Members) => {
      const twice = members[at % members.length] ?? ['', ''];
      return refused(plainBody(textOf([...members, twice])));
    }),
  },
  {
    weight: 2,
    arbitrary: fc.nat().map((at) => (members: Members) => {
      const text = textOf(members);
      return refused(plainBody(text.slice(0, at % text.length)));
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(',', '}', 'null', '\u0000', '/* */', '\u2028')
      .map((end) => (members: Members) => refused(plainBody(textOf(members) + end))),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(' ', '\r\n\t')
      .map((end) => (members: Members) => taken(plainBody(textOf(members) + end))),
  },
  {
    weight: 1,
    arbitrary: fc.constant((members: Members) =>
      refused<Body>({
        ...plainBody(textOf(replaced(members, ['tags', '{"place":"Überseequartier"}']))),
        encoding: 'latin1',
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant((members: Members) => refused({ ...plainBody(textOf(members)), chunked: true })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(17_000, 100_000)
      .map((times) => (members: Members) => refused({ ...plainBody(textOf(members)), fill: ' ', times })),
  },
);

/** Whole bodies that are no request at all. */
const strange: fc.Arbitrary<Judged<Body>> = fc.oneof(
  fc
    .constantFrom('', ' ', 'null', '[]', '""', '0', '-', '{', '\ufeff', 'resourceGroup=rg', '<xml/>')
    .map((text) => refused(plainBody(text))),
  fc.json({ maxDepth: 4 }).map((text) => refused(plainBody(text))),
  anyText.map((text) => refused(plainBody(text))),
  anyText.map((text) => refused<Body>({ ...plainBody(`{"${text}ÿ":1}`), encoding: 'latin1' })),
  fc.constantFrom('[', '{"a":', '"', '9').map((fill) => refused({ ...plainBody(''), fill, times: 8000 / fill.length })),
);

/** Ten megabytes of something; they are held in memory, so there should be few of them. */
export const giants = (...fills: string[]): fc.Arbitrary<Judged<Body>> =>
  fc
    .tuple(fc.constantFrom(...fills), fc.boolean())
    .map(([fill, chunked]) =>
      refused({ ...plainBody(''), fill, times: 10_000_000 / Buffer.byteLength(fill), chunked }),
    );

/** Bodies of `POST /api/deployments`. */
export const deploymentBodies = (workspaces: string[]): fc.Arbitrary<Judged<Body>> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(soundMembers(workspaces), changes).map(([members, change]) => change(members)) },
    { weight: 3, arbitrary: strange },
  );

const retryTexts: Record<Verdict, string[]> = {
  taken: ['', ' ', '{}', '{"rerun":true}', '{"rerun":false}'],
  either: ['null'],
  refused: [
    '[]',
    '[{"rerun":true}]',
    '{"rerun":1}',
    '{"rerun":"true"}',
    '{"Rerun":true}',
    '{"rerun":true,"rerun":true}',
    '{"rerun":true',
  ],
};

/** Bodies of `POST …/retry`, which may be left out. */
export const retryBodies: fc.Arbitrary<Judged<Body>> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...Object.entries(retryTexts).flatMap(([verdict, texts]) =>
        texts.map((text) => ({ value: plainBody(text), verdict: verdict as Verdict })),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...odd)
      .map((value) => refused(plainBody(`{"rerun":${value === 'true' ? '0' : value}}`))),
  },
  { weight: 1, arbitrary: fc.constantFrom(...unknownKeys).map((key) => refused(plainBody(textOf([[key, 'true']])))) },
  { weight: 1, arbitrary: fc.constant(taken({ ...plainBody('{"rerun":1}'), chunked: true })) },
);

/** Bodies of entries that read none. */
export const idleBodies: fc.Arbitrary<Judged<Body>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(taken(plainBody(''))) },
  { weight: 1, arbitrary: strange.map(({ value }) => taken(value)) },
);
