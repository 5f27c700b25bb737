/** What stands in the place of a value of another type, as JSON. */
export const odd = [
  'null',
  'true',
  '0',
  '-0.5',
  '9007199254740993',
  '1e400',
  '[]',
  '[{}]',
  '{"a":1}',
  '{"__proto__":{}}',
  '{"constructor":"x"}',
  '"\\u0000"',
  '"\\ud800"',
  `${'['.repeat(500)}${']'.repeat(500)}`,
  `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
];

const texts = (...values: string[]): string[] => values.map((value) => JSON.stringify(value));

/** Values of the keys of a deployment request that it takes, and that it refuses beside those of `odd`, as JSON. */
export const fields: Record<string, { good: string[]; bad: string[] }> = {
  resourceGroup: {
    good: texts('rg-volatility', 'RG-Volatility'),
    bad: texts(
      '',
      'rg-other',
      'rg-volatility.',
      '../rg-volatility',
      'rg-volatility\n',
      'r'.repeat(91),
      'ｒｇ-volatility',
    ),
  },
  workspaceName: {
    good: [],
    bad: texts('', 'db', 'dbw fuzz', 'dbw/../x', 'dbw%2f', 'd'.repeat(65), 'dbw-\u202e', 'dbw-fuzz\u0000', 'dbw-🦊'),
  },
  accelerator: {
    good: texts('predicting-implied-volatility'),
    bad: [
      ...texts('', 'unknown-one', 'constructor', '__proto__', 'Predicting-Implied-Volatility', '../x'),
      '{}',
      '{"repositoryUrl":"https://github.com/nobody/nothing","branch":"main"}',
      '{"repositoryUrl":"file:///etc/passwd","branch":"main"}',
      '{"repositoryUrl":["https://github.com/nobody/nothing"],"branch":"main","tag":"v1"}',
    ],
  },
  location: { good: texts('westeurope', 'northeurope'), bad: texts('', 'eastus', 'West Europe', 'westeurope\t', '..') },
  identityName: { good: texts('id-fuzz', '0-1'), bad: texts('', 'ab', '-id', 'id of mine', 'i'.repeat(129), 'id/..') },
  ifExists: { good: texts('use'), bad: texts('', 'USE', 'replace', 'toString') },
  compute: {
    good: ['{}', '{"workers":2}', '{"workers":2.0}', '{"workers":0e5}', '{"nodeType":"Standard_NC4as_T4_v3"}'],
    bad: [
      '{"workers":65}',
      '{"workers":-1}',
      '{"workers":1.5}',
      '{"workers":"2"}',
      '{"workers":null}',
      '{"workers":18446744073709551616}',
      '{"gpus":1}',
      '{"nodeType":"Standard_ND96asr_v4"}',
      '{"sparkVersion":"15.4;rm -rf"}',
      '{"sparkVersion":{"$ne":""}}',
    ],
  },
  parameters: {
    good: ['{}', '{"rows":"100","profile":"small"}', `{"a":"${'x'.repeat(200)}"}`],
    bad: [
      '{"rows":100}',
      '{"Rows":"100"}',
      '{"attempt":"9"}',
      '{"":""}',
      `{"a":"${'x'.repeat(201)}"}`,
      `{${Array.from({ length: 21 }, (_, n) => `"p${n}":"1"`).join(',')}}`,
    ],
  },
  tags: {
    good: ['{}', '{"cost centre":"Überseequartier 7"}', `{"${'t'.repeat(128)}":"${'🦊'.repeat(128)}"}`],
    bad: [
      '{"cost":5}',
      '{"<script>":""}',
      '{"Accelerator-Deployment":"x"}',
      '{"a":"","A":""}',
      `{"a":"${'x'.repeat(257)}"}`,
      `{${Array.from({ length: 16 }, (_, n) => `"t${n}":""`).join(',')}}`,
    ],
  },
  network: {
    good: ['{}', '{"noPublicIp":true}'],
    bad: [
      '{"noPublicIp":"true"}',
      '{"virtualNetworkId":"/subscriptions/x"}',
      '{"publicSubnet":"a","privateSubnet":"b"}',
      '{"publicNetworkAccess":"Maybe"}',
    ],
  },
};

export const required = ['resourceGroup', 'workspaceName'];
export const optional = Object.keys(fields).filter((key) => !required.includes(key));

/** Keys that a request does not have. */
export const unknownKeys = [
  'ResourceGroup',
  'resource_group',
  'dryRun',
  '__proto__',
  'constructor',
  'toString',
  '',
  'ключ',
  '🦊',
];
