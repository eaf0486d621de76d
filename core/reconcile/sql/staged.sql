-- The planner learns what was staged.
ANALYZE stage_document; ANALYZE stage_detail; ANALYZE stage_evaluation_row;
ANALYZE stage_point_row; ANALYZE stage_event_row;
