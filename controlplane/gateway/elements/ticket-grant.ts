/** What the bearer of a ticket may do at /elements: read what its lease's program needs, upload as much as its scratch space holds. */
import type { IncomingMessage } from 'node:http';
import type { GatewayContext } from '../context';
import { HttpError } from '../http/reply';
import type { Complaints } from '../link/complaints';
import type { TicketGrant } from './routes';

export function ticketGrant({ tickets, leases, jobs }: GatewayContext, complaints: Complaints): (ticket: string, req: IncomingMessage) => TicketGrant {
  return (ticket, req) => {
    const verdict = tickets.verify(ticket);
    const lease = 'lease' in verdict ? leases.get(verdict.lease) : undefined;
    if (!lease) {
      const why = 'refused' in verdict ? verdict.refused : 'Ended';
      complaints.say(`ticket ${req.socket.remoteAddress} ${why}`, { address: req.socket.remoteAddress, why }, 'element ticket refused');
      throw new HttpError(401, 'Unauthorized', TEXT[why], { 'www-authenticate': 'Ticket' });
    }
    const facts = jobs.get(lease.jobUid);
    return {
      mayRead: (digest) => facts?.elements.has(digest) ?? false,
      uploadLeft: Math.max(0, lease.amounts.scratchBytes - lease.uploadedBytes),
      uploaded: (bytes) => {
        lease.uploadedBytes += bytes;
      },
    };
  };
}

const TEXT = {
  Malformed: 'the ticket is not one of ours',
  Forged: 'the ticket is not one of ours',
  Expired: 'the ticket has expired: its attempt should have ended long ago',
  Ended: 'the ticket\'s attempt has ended: nothing more is needed for it',
} as const;
