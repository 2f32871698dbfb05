import { selfTimes, timesByCaller } from './profile';

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

describe('timesByCaller', () => {
  it('counts what libraries spend for the nearest caller of ours', () => {
    const own = frame('conclude', 'file:///x/build/js/controlplane/gateway/conclude.js', 3);
    const library = frame('run', 'file:///x/node_modules/better-sqlite3/lib/x.js', 1);
    const profile = {
      nodes: [
        { id: 1, callFrame: frame('(root)'), children: [2, 5, 6] },
        { id: 2, callFrame: own, children: [3] },
        { id: 3, callFrame: library, children: [4] },
        { id: 4, callFrame: frame('writev') },
        { id: 5, callFrame: frame('(garbage collector)') },
        { id: 6, callFrame: frame('onread', 'node:internal/streams', 1) },
      ],
      samples: [2, 4, 5, 6],
      timeDeltas: [1000, 5000, 3000, 1000],
    };
    expect(timesByCaller(profile, 5)).toEqual([
      { where: 'controlplane/gateway/conclude', ms: 6, share: 0.6 },
      { where: '(garbage collector)', ms: 3, share: 0.3 },
      { where: 'Node: sockets, TLS, timers', ms: 1, share: 0.1 },
    ]);
  });
});
