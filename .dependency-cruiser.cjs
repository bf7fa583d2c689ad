/** The layer rules of ARCHITECTURE.md, as rules on imports; `npm run check` runs them. What imports cannot say is in test/architecture/. */

/** Tests may import what they test and what fakes it. */
const TESTS = ['\\.test\\.tsx?$', '^test/', '^bench/'];

/** A library that only files below `folder` (and tests) may import. */
const only = (name, library, folder, also = []) => ({
  name,
  comment: `${library} is wrapped in ${folder}: everything else uses the port there`,
  severity: 'error',
  from: { pathNot: [`^${folder}`, ...also, ...TESTS] },
  to: { path: `node_modules/${library}/`, dependencyTypesNot: ['type-only'] },
});

/** A part and the parts of the product that it may not import. */
const apart = (name, comment, part, others) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${part}`, pathNot: TESTS },
  to: { path: others.map(other => `^${other}`) },
});

const PROGRAMS = ['master/', 'node-agent/', 'cli/', 'dashboard/'];

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'files that need each other are one file, or a third one is missing',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...PROGRAMS.map(part =>
      apart(
        `${part.slice(0, -1)}-stands-alone`,
        'programs meet on the wire and in the API, never in each other',
        part,
        PROGRAMS.filter(other => other !== part),
      ),
    ),
    apart('shared-imports-nothing-of-ours', 'shared is what both sides speak', 'shared/', [
      ...PROGRAMS,
      'deploy/',
      'test/',
      'bench/',
    ]),
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(shared|master|node-agent|cli|dashboard|deploy)/', pathNot: '\\.test\\.tsx?$' },
      to: { path: '^test/|\\.test\\.tsx?$' },
    },
    {
      name: 'nothing-imports-main',
      comment: 'main.ts wires everything and is wired to nothing',
      severity: 'error',
      from: {},
      to: { path: '(^|/)main\\.tsx?$' },
    },
    apart('store-is-the-floor', 'the store knows keys and revisions, no objects', 'master/store/', [
      'master/(?!store/)',
    ]),
    apart(
      'registry-needs-store-and-watch',
      'the registry is the only writer, and serves nobody',
      'master/registry/',
      ['master/(?!(registry|store|watch)/)'],
    ),
    apart('watch-needs-store', 'the cache reads the store; kinds come as arguments', 'master/watch/', [
      'master/(?!(watch|store)/)',
    ]),
    apart('api-server-needs-registry', 'the HTTP edge holds no rule of its own', 'master/api-server/', [
      'master/(scheduler|controllers|bridge|broker)/',
    ]),
    apart('scheduler-stands-alone', 'loops meet in the store', 'master/scheduler/', [
      'master/(controllers/(?!controller\\.ts)|bridge/|broker/|api-server/)',
    ]),
    apart('controllers-stand-alone', 'loops meet in the store', 'master/controllers/', [
      'master/(scheduler|bridge|broker|api-server)/',
    ]),
    apart('bridge-stands-alone', 'loops meet in the store', 'master/bridge/', [
      'master/(scheduler/|controllers/(?!controller\\.ts)|api-server/)',
    ]),
    apart(
      'broker-knows-no-objects',
      'the broker carries bytes; the bridge knows what they mean',
      'master/broker/',
      ['master/(scheduler|controllers|registry|store|api-server)/'],
    ),
    only('aedes-in-broker', 'aedes[^/]*', 'master/broker/'),
    only('mqtt-in-link', 'mqtt(-packet)?', 'node-agent/link/', ['^master/broker/']),
    only('dockerode-in-runtime', 'dockerode', 'node-agent/runtime/', ['^deploy/up/']),
    only('systeminformation-in-node-info', 'systeminformation', 'node-agent/node-info/'),
    only('sqlite-in-store', '@photostructure/sqlite', 'master/store/'),
    only('x509-in-auth', '@peculiar/x509', 'master/auth/'),
    only('ws-in-api-server', 'ws', 'master/api-server/streams/', ['^cli/streams/']),
    only('commander-in-cli', 'commander', 'cli/', ['^deploy/']),
    only('preact-in-dashboard', '(preact|@preact/signals)', 'dashboard/'),
    only('cel-in-custom-kinds', '@marcbachmann/cel-js', 'master/registry/custom/'),
    only('re2-in-custom-kinds', 're2js', 'master/registry/custom/'),
    only('fatfs-in-flash', 'js-fatfs', 'deploy/flash/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/generated/', '^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js', '.json'] },
    parser: 'tsc',
  },
};
