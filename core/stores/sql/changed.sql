-- How many staged documents differ from the map, and their rows.
SELECT (SELECT count(*) FROM stage_document),
    (SELECT count(*) FROM stage_detail JOIN stage_document USING (order_key))
    + (SELECT count(*) FROM stage_evaluation_row JOIN stage_document USING (order_key))
    + (SELECT count(*) FROM stage_event_row JOIN stage_document USING (order_key))
    + (SELECT count(*) FROM stage_point_row JOIN stage_document USING (order_key));
