import t from "tap";
import { newSecret } from "../../../src/session/access_token.ts";
import { MAX_TICKETS, TICKET_LIFETIME_MS, TicketStore } from "../../../src/session/ticket_store.ts";

t.test("TicketStore redeems each ticket once and for its session", (t) => {
  const tickets = new TicketStore();
  const a = tickets.issue("a", 0);
  const b = tickets.issue("b", 0);
  t.equal(tickets.redeem(b, 1), "b");
  t.equal(tickets.redeem(a, 1), "a");
  t.equal(tickets.redeem(a, 1), undefined, "used");
  t.equal(tickets.redeem(newSecret(), 1), undefined, "never issued");
  t.equal(tickets.redeem("x".repeat(10_000), 1), undefined, "no ticket at all");
  t.end();
});

t.test("TicketStore ends tickets after 30 s", (t) => {
  const tickets = new TicketStore();
  const ticket = tickets.issue("a", 0);
  const late = tickets.issue("a", 0);
  const lifetimeUs = TICKET_LIFETIME_MS * 1000;
  t.equal(tickets.redeem(ticket, lifetimeUs - 1), "a");
  t.equal(tickets.redeem(late, lifetimeUs), undefined);
  t.end();
});

t.test("TicketStore is bounded and drops the oldest", (t) => {
  const tickets = new TicketStore();
  const first = tickets.issue("a", 0);
  for (let i = 1; i < MAX_TICKETS; i++) tickets.issue("a", i);
  t.equal(tickets.size, MAX_TICKETS);
  const last = tickets.issue("a", MAX_TICKETS);
  t.equal(tickets.size, MAX_TICKETS);
  t.equal(tickets.redeem(first, MAX_TICKETS), undefined);
  t.equal(tickets.redeem(last, MAX_TICKETS), "a");
  tickets.issue("a", 1e12);
  t.equal(tickets.size, 1, "expired ones are swept");
  t.end();
});
