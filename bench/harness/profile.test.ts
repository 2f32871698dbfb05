import { selfTimes } from './profile';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });

describe('selfTimes', () => {
  it('adds up samples by function, without the idle ones, most first', () => {
    const profile = {
      nodes: [
        { id: 1, callFrame: frame('(idle)') },
        { id: 2, callFrame: frame('parse', 'file:///x/build/js/controlplane/gateway/link/validate.js', 9) },
        { id: 3, callFrame: frame('') },
        { id: 4, callFrame: frame('parse', 'file:///x/build/js/controlplane/gateway/link/validate.js', 9) },
      ],
      samples: [1, 2, 3, 4],
      timeDeltas: [5000, 2000, 1000, 1000],
    };
    expect(selfTimes(profile, 5)).toEqual([
      { where: 'parse controlplane/gateway/link/validate.js:10', ms: 3, share: 0.75 },
      { where: '(anonymous)', ms: 1, share: 0.25 },
    ]);
  });
});
