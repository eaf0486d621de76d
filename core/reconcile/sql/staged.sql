-- A staged reverse counts in the type of the row that it reverses, as in
-- stores/sql/customers.sql; the planner learns what was staged.
UPDATE stage_point_row r
SET counts_as = coalesce(
    (SELECT o.transaction_type FROM stage_point_row o
     WHERE o.card_key = r.card_key AND o.transaction_id = r.reverses_id
       AND o.transaction_type <> 'reverse' LIMIT 1),
    (SELECT o.transaction_type FROM point_analytics_data o
     WHERE o.card_key = r.card_key AND o.transaction_id = r.reverses_id
       AND o.transaction_type <> 'reverse' LIMIT 1), 'adjust')
WHERE r.transaction_type = 'reverse';
ANALYZE stage_document; ANALYZE stage_detail; ANALYZE stage_evaluation_row;
ANALYZE stage_point_row; ANALYZE stage_event_row;
