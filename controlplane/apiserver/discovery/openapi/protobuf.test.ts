/** Documents in protobuf are what gnostic, which clients read them with, makes of the same JSON. Recorded with gnostic-models 0.6.8. */
import type { SwaggerDocument } from './documents';
import { encodeV2 } from './v2-protobuf';
import { encodeV3 } from './v3-protobuf';

const V2 = {
  json: [
    '{"swagger":"2.0","info":{"title":"T","version":"1"},"paths":{"/a/{name}":{"get":{"tags":["x"],"description":"d","operationId":"readA","produ',
    'ces":["application/json"],"consumes":["*/*"],"parameters":[{"name":"body","in":"body","required":true,"schema":{"$ref":"#/definitions/A"}},{',
    '"in":"query","description":"q","name":"dry","type":"string","uniqueItems":true}],"responses":{"200":{"description":"OK","schema":{"$ref":"#/',
    'definitions/A"}},"401":{"description":"Unauthorized"}},"schemes":["https"]},"parameters":[{"required":true,"in":"path","description":"n","na',
    'me":"name","type":"string","uniqueItems":true}]}},"definitions":{"A":{"description":"An A.","maximum":1000.5,"minLength":300,"required":["a"',
    '],"additionalProperties":{"type":"string"},"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}},"b":{"$ref":"#/defi',
    'nitions/A"}}}},"security":[{"T":["s"]}],"securityDefinitions":{"T":{"type":"apiKey","name":"authorization","in":"header","description":"b"}}',
    '}',
  ].join(''),
  gnostic: [
    'CgMyLjASBgoBVBIBMULrARLoAQoJL2Eve25hbWV9EtoBErMBCgF4GgFkKgVyZWFkQTIQYXBwbGljYXRpb24vanNvbjoDKi8qQiUKIwohEgRib2R5GgRib2R5IAEqEQoPIy9kZWZpbml0',
    'aW9ucy9BQiAKHhIcGhoSBXF1ZXJ5GgFxIgNkcnkyBnN0cmluZ6ABAUo9CiIKAzIwMBIbChkKAk9LEhMKEQoPIy9kZWZpbml0aW9ucy9BChcKAzQwMRIQCg4KDFVuYXV0aG9yaXplZFIF',
    'aHR0cHNKIgogEh4iHAgBEgRwYXRoGgFuIgRuYW1lKgZzdHJpbmeYAQFKdgp0CgFBEm8iBUFuIEEuOQAAAAAARI9AYKwCmgEBYaoBDQoLsgEICgZzdHJpbmeyAQgKBm9iamVjdMoBOgog',
    'CgFhEhuyAQcKBWFycmF5ugEOCgyyAQkKB2ludGVnZXIKFgoBYhIRCg8jL2RlZmluaXRpb25zL0FiCgoICgFUEgMKAXNqKwopCgFUEiQSIgoGYXBpS2V5Eg1hdXRob3JpemF0aW9uGgZo',
    'ZWFkZXIiAWI=',
  ].join(''),
};
const V3 = {
  json: [
    '{"openapi":"3.0.0","info":{"title":"T","version":"1"},"paths":{"/a/{name}":{"get":{"tags":["x"],"description":"d","operationId":"readA","par',
    'ameters":[{"name":"dry","in":"query","description":"q","schema":{"uniqueItems":true,"type":"string"}}],"requestBody":{"content":{"*/*":{"sch',
    'ema":{"$ref":"#/components/schemas/A"}}},"required":true},"responses":{"200":{"description":"OK","content":{"application/json":{"schema":{"$',
    'ref":"#/components/schemas/A"}}}},"401":{"description":"Unauthorized"}}},"parameters":[{"name":"name","in":"path","description":"n","require',
    'd":true,"schema":{"uniqueItems":true,"type":"string"}}]}},"components":{"schemas":{"A":{"nullable":true,"maximum":1000.5,"minLength":300,"re',
    'quired":["a"],"type":"object","allOf":[{"$ref":"#/components/schemas/B"}],"anyOf":[{"type":"integer"}],"not":{"type":"string"},"properties":',
    '{"a":{"type":"array","items":{"$ref":"#/components/schemas/B"},"default":"x"},"n":{"type":"integer","default":5},"t":{"type":"boolean","defa',
    'ult":true}},"additionalProperties":{"type":"string"},"description":"An A."}},"securitySchemes":{"T":{"type":"apiKey","description":"b","name',
    '":"authorization","in":"header"}}},"security":[{"T":["s"]}]}',
  ].join(''),
  gnostic: [
    'CgUzLjAuMBIGCgFUMgExIvQBCvEBCgkvYS97bmFtZX0S4wEiuwEKAXgaAWQqBXJlYWRBMiEKHwoDZHJ5EgVxdWVyeRoBcVIOCgygAQHKAQZzdHJpbmc6KwopEiUKIwoDKi8qEhwKGhIY',
    'ChYjL2NvbXBvbmVudHMvc2NoZW1hcy9BGAFCXBJBCgMyMDASOgo4CgJPSxoyCjAKEGFwcGxpY2F0aW9uL2pzb24SHAoaEhgKFiMvY29tcG9uZW50cy9zY2hlbWFzL0ESFwoDNDAxEhAK',
    'DgoMVW5hdXRob3JpemVkaiMKIQoEbmFtZRIEcGF0aBoBbiABUg4KDKABAcoBBnN0cmluZyqYAgroAQrlAQoBQRLfAQrcAQgBWQAAAAAARI9AgAGsAroBAWHKAQZvYmplY3TSARoSGAoW',
    'Iy9jb21wb25lbnRzL3NjaGVtYXMvQuIBDAoKygEHaW50ZWdlcuoBCcoBBnN0cmluZ/oBbQo0CgFhEi8KLcoBBWFycmF58gEcChoSGAoWIy9jb21wb25lbnRzL3NjaGVtYXMvQooCAxoB',
    'eAodCgFuEhgKFsoBB2ludGVnZXKKAgkJAAAAAAAAFEAKFgoBdBIRCg/KAQdib29sZWFuigICEAGCAg0KCwoJygEGc3RyaW5nkgIFQW4gQS46KwopCgFUEiQKIgoGYXBpS2V5EgFiGg1h',
    'dXRob3JpemF0aW9uIgZoZWFkZXIyCgoICgFUEgMKAXM=',
  ].join(''),
};

test('version 2', () => {
  expect(encodeV2(JSON.parse(V2.json) as SwaggerDocument).toString('base64')).toBe(V2.gnostic);
});

test('version 3', () => {
  expect(encodeV3(JSON.parse(V3.json) as object).toString('base64')).toBe(V3.gnostic);
});

test('extensions are YAML', () => {
  const bytes = encodeV2({ 'x-more': [{ kind: 'K', group: '' }, { field: 'yes' }] } as unknown as SwaggerDocument);
  expect(bytes.toString('utf8')).toContain('- group: ""\n  kind: K\n- field: "yes"\n');
});
