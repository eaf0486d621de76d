-- The engine's contract: the tables that the reporting addon reads.
-- The engine is somebody else's system: no foreign keys, no CHECKs, nullable data.
-- Indexes follow the load (indexes.sql), triggers come last (triggers.sql).

CREATE SCHEMA engine;
COMMENT ON SCHEMA engine IS
    'A retail promotion, membership and points engine. Every table has "version", '
    'raised by every UPDATE, and "txid", the transaction that wrote the row last. '
    'Instants are timestamptz; money is in the currency of the order.';

CREATE TABLE engine.program (
    id bigint NOT NULL,
    name text,
    program_type text,
    active boolean,
    valid_from date,
    valid_to date,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.program IS 'A promotion, coupon campaign or points programme.';
COMMENT ON COLUMN engine.program.valid_from IS 'First business day; null: no bound.';
COMMENT ON COLUMN engine.program.valid_to IS
    'Last business day, inclusive; null: no bound.';

CREATE TABLE engine.membership_product (
    id bigint NOT NULL,
    name text,
    level text,
    rank integer,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.membership_product IS 'A membership that customers can hold.';
COMMENT ON COLUMN engine.membership_product.rank IS 'Order of the levels, 1 is lowest.';

CREATE TABLE engine.membership_event (
    id bigint NOT NULL,
    partner_id bigint,
    order_id text,
    event_type text,
    from_membership_product_id bigint,
    to_membership_product_id bigint,
    occurred_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.membership_event IS
    'A change of membership; a document of its own. It counts from its own instant, '
    'inclusive; ties by id.';
COMMENT ON COLUMN engine.membership_event.event_type IS
    'join, upgrade, downgrade, renew, expire or cancel.';
COMMENT ON COLUMN engine.membership_event.order_id IS
    'The order that caused the change; the event is not part of its document.';

CREATE TABLE engine.processed_order (
    id text NOT NULL,
    partner_id bigint,
    store_id bigint,
    channel text,
    cashier_id bigint,
    ordered_at timestamptz,
    amount_total numeric,
    currency text,
    is_first_order boolean,
    state text,
    refund_of text,
    company_id bigint,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.processed_order IS
    'A sale or a refund; with its lines, evaluations and points it is one document.';
COMMENT ON COLUMN engine.processed_order.partner_id IS 'Null: an anonymous customer.';
COMMENT ON COLUMN engine.processed_order.amount_total IS
    'Money paid for the whole order, net of discounts, tax included.';
COMMENT ON COLUMN engine.processed_order.state IS
    'done; refund: an order of its own with negative figures, at its own time; '
    'void: counts nowhere.';
COMMENT ON COLUMN engine.processed_order.refund_of IS 'The order that is refunded.';
COMMENT ON COLUMN engine.processed_order.is_first_order IS
    'First order of the customer, as the engine knew when it processed the order.';

CREATE TABLE engine.order_promotion_line (
    id bigint NOT NULL,
    order_id text,
    line_no integer,
    program_id bigint,
    product_id bigint,
    qty numeric,
    amount numeric,
    discount numeric,
    points_earned numeric,
    points_redeemed numeric,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.order_promotion_line IS
    'What one program did to one order: to one product of it, or (product null) to all.';
COMMENT ON COLUMN engine.order_promotion_line.line_no IS
    'Running number of the row within its order, from 1.';
COMMENT ON COLUMN engine.order_promotion_line.amount IS
    'Money paid for what the program applied to, net of discounts.';
COMMENT ON COLUMN engine.order_promotion_line.discount IS
    'Money that the program took off, positive in a sale.';

CREATE TABLE engine.promotion_evaluation (
    id bigint NOT NULL,
    order_id text,
    program_id bigint,
    partner_id bigint,
    evaluated_at timestamptz,
    outcome text,
    reason text,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.promotion_evaluation IS
    'The engine''s verdict whether a program fits an order.';
COMMENT ON COLUMN engine.promotion_evaluation.order_id IS
    'May name an order that does not exist: an abandoned basket.';
COMMENT ON COLUMN engine.promotion_evaluation.outcome IS 'applied, eligible or rejected.';
COMMENT ON COLUMN engine.promotion_evaluation.reason IS 'Why it was rejected.';

CREATE TABLE engine.point_card (
    id bigint NOT NULL,
    program_id bigint,
    partner_id bigint,
    membership_product_id bigint,
    active boolean,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.point_card IS 'A customer''s account in a points programme.';
COMMENT ON COLUMN engine.point_card.membership_product_id IS 'The level held now.';

CREATE TABLE engine.point_transaction (
    id bigint NOT NULL,
    seq bigint,
    card_id bigint,
    partner_id bigint,
    program_id bigint,
    transaction_type text,
    points_amount numeric,
    balance_after numeric,
    occurred_at timestamptz,
    expires_at timestamptz,
    origin text,
    order_id text,
    reverses_id bigint,
    version bigint NOT NULL DEFAULT 1,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.point_transaction IS
    'The ledger of points. A row with an order belongs to that order''s document, '
    'a row without one is a document of its own.';
COMMENT ON COLUMN engine.point_transaction.seq IS
    'Running number within the card; a card''s order is (occurred_at, seq).';
COMMENT ON COLUMN engine.point_transaction.transaction_type IS
    'earn, redeem, expire, adjust or reverse.';
COMMENT ON COLUMN engine.point_transaction.points_amount IS
    'Points: positive for earn, redeem and expire, signed for adjust; a reverse '
    'counts negatively in the type that it reverses.';
COMMENT ON COLUMN engine.point_transaction.balance_after IS
    'Balance of the card as the engine knew it after this booking.';
COMMENT ON COLUMN engine.point_transaction.expires_at IS
    'When the points of an earn row expire unspent; null on other rows.';
COMMENT ON COLUMN engine.point_transaction.origin IS
    'Reference to the source document as text; of an expiry: where they were earned.';
COMMENT ON COLUMN engine.point_transaction.order_id IS
    'The order that booked the points; null: booked outside an order (an expiry).';

CREATE TABLE engine.deleted (
    id bigint GENERATED ALWAYS AS IDENTITY,
    table_name text NOT NULL,
    key text,
    order_id text,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE engine.deleted IS
    'Rows that are gone, written by triggers: one per deleted row; one for the old key '
    'when an UPDATE changes a key or moves a row to another order (the new place is '
    'found by the row''s own txid); after a TRUNCATE one row with key and order_id null, '
    'meaning everything in that table up to this txid.';
COMMENT ON COLUMN engine.deleted.key IS
    'The id that is gone, as text; null: all rows (TRUNCATE).';
COMMENT ON COLUMN engine.deleted.order_id IS
    'Key of the document that lost the row, if that is an order: on rows of '
    'processed_order, order_promotion_line, promotion_evaluation and '
    'point_transaction; null where the row was a document of its own.';

CREATE TABLE engine.build_info (
    finished_at timestamptz NOT NULL DEFAULT now(),
    multiply integer NOT NULL,
    households integer,
    summary json NOT NULL
);
COMMENT ON TABLE engine.build_info IS
    'Not part of the contract: one row says that the reference history is complete.';
COMMENT ON COLUMN engine.build_info.households IS
    'Number of households kept; null: all of them.';
COMMENT ON COLUMN engine.build_info.summary IS
    'Table name to [rows, checksum], as built.';
