import type { KubeObject, ObjectMeta } from './meta';
import { Description, PrinterColumns } from './schema/decorators';
import { Int, Nested } from './schema/fields';
import { Credits, Share } from './schema/formats';

@Description('Prices in credits, decimal strings with at most six places.')
export class Rates {
  @Description('One core for one hour.')
  @Credits()
  cpuHour!: string;

  @Description('One GiB of memory for one hour.')
  @Credits()
  memoryGiBHour!: string;

  @Description('One GiB sent over the network.')
  @Credits()
  egressGiB!: string;

  @Description('Once for each attempt that ran.')
  @Credits()
  start!: string;
}

@Description('Prices and who gets them.')
export class RateTierSpec {
  @Description('What issuers pay.')
  @Nested(() => Rates)
  rates!: Rates;

  @Description('Share of the charge that the owner gets, from "0" to "1"; the rest is the operator\'s margin.')
  @Share()
  ownerShare!: string;

  @Description('Highest priority that a Job of this tier has, from -1000 to 1000.')
  @Int(-1000, 1000)
  priorityCeiling!: number;
}

/** A named price vector that issuers choose. */
@Description('A RateTier is a named list of prices that issuers choose with spec.rateTier.')
@PrinterColumns(
  { name: 'CPU-HOUR', type: 'string', jsonPath: '.spec.rates.cpuHour' },
  { name: 'GIB-HOUR', type: 'string', jsonPath: '.spec.rates.memoryGiBHour' },
  { name: 'GIB-OUT', type: 'string', jsonPath: '.spec.rates.egressGiB' },
  { name: 'PRIORITY', type: 'integer', jsonPath: '.spec.priorityCeiling' },
)
export class RateTier implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;

  @Nested(() => RateTierSpec)
  spec!: RateTierSpec;
}
