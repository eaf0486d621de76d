-- After the load: keys, the cursor (txid, id) of every table, and documents by order.

ALTER TABLE engine.program ADD PRIMARY KEY (id);
ALTER TABLE engine.membership_product ADD PRIMARY KEY (id);
ALTER TABLE engine.membership_event ADD PRIMARY KEY (id);
ALTER TABLE engine.processed_order ADD PRIMARY KEY (id);
ALTER TABLE engine.order_promotion_line ADD PRIMARY KEY (id);
ALTER TABLE engine.promotion_evaluation ADD PRIMARY KEY (id);
ALTER TABLE engine.point_card ADD PRIMARY KEY (id);
ALTER TABLE engine.point_transaction ADD PRIMARY KEY (id);

CREATE INDEX ON engine.program (txid, id);
CREATE INDEX ON engine.membership_product (txid, id);
CREATE INDEX ON engine.membership_event (txid, id);
CREATE INDEX ON engine.processed_order (txid, id);
CREATE INDEX ON engine.order_promotion_line (txid, id);
CREATE INDEX ON engine.promotion_evaluation (txid, id);
CREATE INDEX ON engine.point_card (txid, id);
CREATE INDEX ON engine.point_transaction (txid, id);
CREATE INDEX ON engine.deleted (txid, id);

CREATE INDEX ON engine.order_promotion_line (order_id);
CREATE INDEX ON engine.promotion_evaluation (order_id);
CREATE INDEX ON engine.point_transaction (order_id);
