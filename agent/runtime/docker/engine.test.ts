import { reasonOf } from './engine';

describe('reasonOf', () => {
  it.each([
    ["ENOSPC: no space left on device, open '/home/ann smith/.gleaner/agent/scratch/5f/scratch.img'", "ENOSPC: no space left on device, open '…'"],
    ['Command failed: mkfs.ext4 -q /home/ann/agent/scratch/5f/scratch.img\nno space', 'Command failed: mkfs.ext4 -q …\nno space'],
    ['invalid mount config for type "bind": bind source path does not exist: /srv/ann/app', 'invalid mount config for type "bind": bind source path does not exist: …'],
    ['exec: "/task/app/run": permission denied', 'exec: "/task/app/run": permission denied'],
    ['exec /usr/bin/python3: no such file or directory', 'exec /usr/bin/python3: no such file or directory'],
    ['50/100 parts', '50/100 parts'],
  ])('tells nothing of the host: %s', (text, told) => {
    expect(reasonOf(new Error(text))).toBe(told);
    expect(reasonOf({ json: { message: text } })).toBe(told);
  });
});
