/** Places for attempts, numbered from 0, each with a cgroup of its own where the host's cgroups can be read. */
import { SlotCgroup, type CgroupDriver } from './cgroups';

export interface Slot {
  readonly number: number;
  readonly cgroup: SlotCgroup | undefined;
}

export class Slots {
  private readonly used = new Set<number>();
  private readonly all = new Map<number, Slot>();

  /** `version` undefined: no cgroups to be read. */
  constructor(private readonly agent: string, private readonly version: 1 | 2 | undefined, private readonly driver: CgroupDriver) {}

  /** The lowest free one: few cgroups, and files that are already open. */
  take(): Slot {
    let number = 0;
    while (this.used.has(number)) number += 1;
    return this.claim(number);
  }

  claim(number: number): Slot {
    this.used.add(number);
    let slot = this.all.get(number);
    if (!slot) {
      slot = { number, cgroup: this.version && new SlotCgroup(this.version, this.driver, this.agent, number) };
      this.all.set(number, slot);
    }
    return slot;
  }

  release(slot: Slot): void {
    slot.cgroup?.close();
    this.used.delete(slot.number);
  }

  close(): void {
    for (const slot of this.all.values()) slot.cgroup?.remove();
  }
}
