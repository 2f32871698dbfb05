/**
 * Where our server answers otherwise than kube-apiserver, and why that is right or must be. An entry that no longer occurs fails the test,
 * as does a difference that no entry covers.
 */

export interface KnownDifference {
  /** Name of the sequence, or which sequences. */
  sequence: string | RegExp;
  /** Label of the step, or which labels. */
  step: string | RegExp;
  /** Where in the answer: `code`, `headers.warning`, `body.message`, … */
  at: RegExp;
  /** Where `at` is `code`: the code of kube-apiserver, and ours. Both are checked. */
  real?: number;
  ours?: number;
  /** What the two texts must have in common all the same; absent: nothing. */
  alike?: (real: string, ours: string) => boolean;
  reason: string;
}

const CLIENTS_MISTAKE = "kube-apiserver answers 500 to a mistake of the client's, which clients take for a broken server and repeat; ours is a 4xx with the same or plainer words";
const GO_WORDS = "the message shows values, types or files of the Go program; ours says the same in the request's own terms";
const LISTED_TWICE = 'kube-apiserver checks metadata twice on updates and lists each cause twice; the message is the same';
const OWN_WORDS = 'descriptions of columns are in our own words';
const YAML_PARSER = 'the words of another YAML parser, with the same line';
const ETCD_KEY = "kube-apiserver names the object's key in etcd; there is no etcd";
const STATUS_METADATA = 'kube-apiserver notes ownership of labels that a write of the status names and does not store; ours notes what is stored';

const EXACT = 'integers of 64 bits that a double would change are refused by name; kube-apiserver keeps them';

const OWN_RULES = "Gleaner's own rules are told with the value that was refused; a cluster's CEL names its type only";
const WEBHOOK = 'what CEL cannot say is refused by the webhook, which this kube-apiserver does not have';
const CHECKS = ['more than 256 KiB in UTF-8', 'variables above 128 KiB', 'a NUL in a variable', 'an input of a parameter that is not there', 'too many combinations', 'a range that is empty', 'a step of 0', 'a range without an end', 'a range with another field', 'numbers in a list', 'a list without values', '__proto__ as a parameter'];

/** Of an entry about codes: which they are, and what else of the answers differs (of two refusals the messages are compared). */
const codes = (real: number, ours: number, at = /^code$/): Pick<KnownDifference, 'at' | 'real' | 'ours'> => ({ at, real, ours });
const AND_WORDS = /^(code|body\.message)$/;

/** Whether `ours` is word for word what `real` is, where that names a type (or nothing) instead of the value that was refused. */
function isSameButValues(real: string, ours: string): boolean {
  const parts = real.split(/(?<=Invalid value: )"(?:object|array|string|integer|number|boolean|)"(?=: )/);
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('.+')}$`, 's').test(ours);
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...CHECKS.map((step) => ({ sequence: 'manifests', step, ...codes(201, 422), reason: WEBHOOK })),
  { sequence: 'manifests', step: /./, at: /^body\.(message|details\.causes\.\d+\.message)$/, alike: isSameButValues, reason: OWN_RULES },
  { sequence: 'manifests', step: 'a huge number', at: /^body\.(message|details\.causes\.2\.message)$/, reason: 'the maximum as Go prints it (1e+07)' },
  { sequence: 'access-refused', step: 'group without a user', ...codes(500, 400, /^(code|headers\.(content-type|x-content-type-options|layout))$/), reason: CLIENTS_MISTAKE },
  { sequence: 'documents', step: 'openapi index', at: /^headers\.(content-type|layout)$/, reason: 'kube-apiserver labels this JSON as text' },
  { sequence: 'documents', step: 'openapi operations of widgets', at: /\/scale\..*\.kind\.(group|kind)$/, reason: 'the operation is about a Scale, which is what it takes; kube-apiserver names the custom resource' },
  { sequence: 'documents', step: 'openapi schema of widgets', at: /\.(description|default)$/, reason: OWN_WORDS },
  { sequence: 'documents', step: 'openapi operations of leases', at: /\/watch\//, reason: 'the paths of old watches work and are not described: no client reads of them' },
  {
    sequence: 'defining-changes', step: 'a write keeps them', at: /^body\.metadata\.generation$/,
    reason: 'What is stored lacks the defaults that came later: the first write brings them in, and that counts as a change of what is desired.',
  },

  { sequence: /./, step: /./, at: /columnDefinitions\.\d+\.description$/, reason: OWN_WORDS },

  { sequence: 'create-bad', step: 'resourceVersion', ...codes(500, 400), reason: CLIENTS_MISTAKE },
  { sequence: /^suites-/, step: /^apply( of JSON, (strict|warn))?$/, ...codes(500, 400), reason: CLIENTS_MISTAKE },
  { sequence: 'pages', step: /^(version of text|get at a bad version)$/, ...codes(500, 422, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'pages', step: 'exact of the future', ...codes(500, 504, /^(code|body\.message|headers\.retry-after)$/), reason: "kube-apiserver shows etcd's own refusal; ours says as of other revisions that have not happened yet that trying again may help" },
  { sequence: 'watch', step: 'bad version', ...codes(500, 422, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'patches', step: /^strategic: (an owner without uid|unknown directive)$/, ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'json-patches', step: /^(test of escaped text|widget: test of a number in another form)$/, ...codes(422, 200, /./), reason: 'kube-apiserver compares how values are written ("<" is not "\\u003c", 1 is not 1.0); ours compares the values, as RFC 6902 wants it' },
  { sequence: 'numbers', step: /^((integer: |YAML: )?inexact|inexact, negative)$/, ...codes(201, 422, /./), reason: EXACT },
  { sequence: 'numbers', step: /^(merge patch|JSON patch|apply): inexact$/, ...codes(200, 422, /./), reason: EXACT },
  { sequence: 'numbers', step: 'integer: an exponent', ...codes(422, 201, /./), reason: 'Go reads an exponent of 16 and more as a float; here 1e16 is the integer that it is' },
  { sequence: 'numbers', step: /^infinite/, at: /^body\.message$/, reason: 'ours sees it in the text, before it knows what the text is of' },
  { sequence: 'nesting', step: '80,000 keys in YAML', ...codes(201, 400, /./), reason: 'YAML has at most 300,000 tokens: its parser would take seconds and hundreds of megabytes. kubectl sends JSON' },
  { sequence: 'nesting', step: '300 objects', ...codes(201, 400, /./), reason: 'bodies are nested at most 256 levels deep; kube-apiserver takes 10,000' },
  { sequence: 'nesting', step: '20,000 lists', at: /^body\.message$/, reason: 'the message names another bound' },
  { sequence: 'deletes', step: /^(other kind in the body|no JSON|a list)$/, ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'deletes', step: 'policy of a number', ...codes(500, 422, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'protobuf-bodies', step: 'an object for options', ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'protobuf-bodies', step: /^(another kind|options)$/, at: /^body\.message$/, reason: GO_WORDS },
  { sequence: 'protobuf-bodies', step: /^(account|template), delete$/, at: /^body\.metadata\.resourceVersion$/, reason: 'the answer shows the object as it was last, not the revision at which it went' },
  { sequence: 'collections', step: 'bad body', ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: /^apply-(core|custom)$/, step: /^(unknown field(, strict)?|duplicate key|set with a duplicate|item without key)$/, ...codes(500, 400), reason: CLIENTS_MISTAKE },
  { sequence: /^apply-(core|custom)$/, step: 'wrong type', ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'subresources', step: 'apply scale', ...codes(500, 200), reason: 'kube-apiserver cannot apply to the scale of a custom resource (500); ours can' },

  { sequence: 'create-bad', step: /^(other kind|other version|other group|owner that is an event|two controllers)$/, at: /message$/, reason: GO_WORDS },
  { sequence: 'patches', step: /^merge: other (kind|apiVersion)$/, ...codes(422, 400, AND_WORDS), reason: 'kube-apiserver finds out when it decodes the object that the patch gave (422, in words of the Go program); ours sees that the patch is for another kind, as a PUT would be' },
  { sequence: 'patches', step: 'strategic: wrong type', at: /message$/, reason: GO_WORDS },
  { sequence: 'subresources', step: 'put scale, text', ...codes(400, 422, AND_WORDS), reason: 'to kube-apiserver a Scale with a wrong type is of no known kind; ours names the field that is wrong' },
  { sequence: 'subresources', step: 'put scale, other kind', at: /^body\.message$/, reason: GO_WORDS },
  { sequence: /^(forms|protobuf)$/, step: /^partial (of a list|list of one)$/, at: /message$/, reason: GO_WORDS },
  { sequence: 'reviews', step: /^(self access with both|review of unknown kind)$/, at: /message$/, reason: GO_WORDS },

  { sequence: /^(patches|custom-life|apply-core)$/, step: /other uid|another uid/, at: /^body\.details\.causes$/, reason: LISTED_TWICE },
  { sequence: 'patches', step: 'merge: invalid label', at: /^body\.details\.causes$/, reason: LISTED_TWICE },
  { sequence: 'namespaces', step: 'status with a bad label', at: /^body\.details\.causes$/, reason: LISTED_TWICE },
  { sequence: 'finalizers', step: 'a new finalizer', at: /^body\.details\.causes$/, reason: LISTED_TWICE },

  { sequence: 'create-bad', step: 'bad YAML', at: /^body\.message$/, reason: YAML_PARSER },
  { sequence: 'scalars', step: /^(value ([@`%]x|"\\q"|\? x|a: b)|an unknown directive|tab as indentation|long key|key over two lines)$/, at: /^body\.message$/, reason: YAML_PARSER },
  { sequence: 'scalars', step: /^key [[{]/, at: /^body\.message$/, reason: GO_WORDS },
  { sequence: 'scalars', step: /^(other: "\\(\/|ud83d\\ude00|ud800)"|JSON in YAML)$/, ...codes(400, 201, /./), reason: 'go-yaml does not know all escapes of JSON (`\\/`, halves of a character); what is JSON is read as JSON here, by whatever name it is sent' },
  { sequence: 'scalars', step: 'NEL, LS and PS', ...codes(400, 201, /./), reason: 'the ends of lines that YAML 1.2 no longer knows are characters like others' },
  { sequence: 'encoding-framing', step: 'delete of spaces', ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'encoding-framing', step: 'what that left', ...codes(404, 200, /./), reason: 'kube-apiserver does not read the query of a delete with a body, not even dryRun: nothing is deleted here that was only to be tried' },
  { sequence: 'encoding-framing', step: 'apply patch and more', ...codes(200, 400, /./), reason: 'what stands behind an object of JSON is a mistake; go-yaml stops reading before it' },
  { sequence: 'encodings', step: /BOM of UTF-16$/, at: /^body\.message$/, reason: 'bytes that are no text are told as U+FFFD, whatever they were' },
  { sequence: 'encodings', step: /: a cut character$/, at: /^body\.(data|spec\.free|annotations)\.a$/, reason: 'Go puts one U+FFFD for each byte that is no text; ours one for each character that is cut' },
  { sequence: 'encodings', step: /^integer of 32 bits: -?\d[\d.]*(\.|e)/i, ...codes(400, 201, /./), reason: 'to Go an integer has no point and no exponent; here 1.0 is the integer that it is, as for custom resources' },
  { sequence: 'encodings', step: /: (1e-1|1e10|1e18|1e19|1e400|1e2147483648|9223372036854775808|99999999999999999999)$/, at: /^body\.message$/, reason: 'numbers are told as they are read, infinite ones before it is known what the text is of' },
  { sequence: 'encodings', step: /: 9223372036854775807$/, ...codes(201, 422, /./), reason: EXACT },
  { sequence: 'encodings', step: /: 9223372036854775807$/, ...codes(400, 422, /./), reason: EXACT },
  { sequence: 'encodings', step: /^(integer|small integer|port): 1e18$/, ...codes(422, 201, /./), reason: 'Go reads an exponent of 16 and more as a float; here 1e18 is the integer that it is' },
  { sequence: 'encodings', step: /another kind behind$/, at: /^body\.message$/, reason: GO_WORDS },
  { sequence: 'encodings', step: 'twice: of a wrong type first', ...codes(400, 201, /./), reason: 'of a field that is there twice ours reads the last one only' },
  { sequence: 'encodings', step: 'twice, strict: of a wrong type first', at: /^body\.message$/, reason: 'of a field that is there twice ours reads the last one only' },
  { sequence: 'encodings', step: 'twice: data twice', at: /^body\.data\.a$/, reason: 'of a map that is given twice Go keeps what both say; ours keeps the last, as both servers do for custom resources' },
  { sequence: 'encodings', step: /: in an unknown field$/, at: /^(headers\.warning|body\.message)$/, reason: 'what is there twice is told wherever it is, also in what is not known' },
  { sequence: 'encodings', step: /^twice, YAML: a name of a half$/, ...codes(400, 422, /./), reason: 'go-yaml does not know halves of characters; what is JSON is read as JSON here, by whatever name it is sent' },
  { sequence: 'encodings', step: /^widget twice, YAML: a half$/, ...codes(400, 201, /./), reason: 'go-yaml does not know halves of characters; what is JSON is read as JSON here, by whatever name it is sent' },
  { sequence: 'times', step: 'since []', ...codes(201, 422, /./), reason: 'kube-apiserver takes a list for a text of any format' },
  { sequence: 'times', step: /^renewTime "0001-01-01T00:00:00.000000Z"$/, at: /^body\.spec\.renewTime$/, reason: 'the zero time is none: what may be left out is left out, not null' },
  { sequence: 'times', step: /^(renewTime|firstTimestamp) "(9999-12-31T23:59:59.999999-10:00|0000-01-01T00:00:00.000000\+10:00)"$/, at: /^body\.(spec\.renewTime|firstTimestamp)$/, reason: 'kube-apiserver answers with a year that it would not read again (10000, -0001); ours keeps the zone' },
  { sequence: 'times', step: 'renewTime "2020-01-01T00:00:00.+23456Z"', ...codes(201, 400, /./), reason: 'Go reads a sign in a fraction; what is no time is refused here' },
  { sequence: 'scalars', step: 'apply: data y', ...codes(500, 400, AND_WORDS), reason: CLIENTS_MISTAKE },
  { sequence: 'apply-core', step: 'no YAML', at: /^body\.message$/, reason: YAML_PARSER },
  { sequence: 'pages', step: 'bad token', at: /^body\.message$/, reason: 'the words of another JSON parser, for bytes that are no text' },

  { sequence: /^(updates|custom-life)$/, step: /^put of a(nother uid| uid that is another)$/, at: /^body\.message$/, reason: ETCD_KEY },


  { sequence: 'subresources', step: /./, at: /managedFields\.st Update .* status\.fieldsV1\.f:metadata$/, reason: STATUS_METADATA },

  { sequence: 'create', step: 'what only the server sets', at: /^body\.metadata\.generation$/, reason: "kube-apiserver stores whatever generation a client names for kinds that have none; ours drops it" },
  { sequence: 'create-bad', step: 'generateName that is bad', at: /^body\.(message|details\..*)$/, reason: 'the name is generated after the prefix was found bad, so it is not in the refusal' },
  { sequence: 'field-validation', step: /: repeated field$/, at: /f:a$|^body\.data\.a$/, reason: "of a map that is given twice Go keeps what both say; ours keeps the last, as both servers do for custom resources, and warns of it as well" },
  { sequence: 'paths', step: 'unknown openapi', at: /^(headers\.|body$)/, reason: 'kube-apiserver says nothing at all; ours says in text that there is no such page' },
  { sequence: 'paths', step: /^post to (discovery|a group)$/, ...codes(200, 405), reason: 'discovery documents are there for GET only' },
  { sequence: /^namespace(s|-finalize)$/, step: /^(with finalizers of its own|create)$/, at: /managedFields/, reason: "a namespace's spec is the server's: nobody else owns it" },
  { sequence: 'leases', step: /^(unknown strategy|Table)$/, at: /managedFields$/, reason: 'a field that is not stored (its feature is off by default) belongs to nobody' },
  { sequence: 'rbac', step: /^(role of a name with colons|aggregated cluster role|roles as Table|roles as partials)$/, at: /managedFields/, reason: 'an empty list of rules is stored as none, and belongs to nobody' },
  { sequence: /^(templates|templates-merged|accounts)$/, step: 'delete', at: /^body\.metadata\.resourceVersion$/, reason: 'the answer shows the object as it was last, not the revision at which it went' },
];
