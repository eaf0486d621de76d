-- Points that expire after all calendars, or before them, never do: as transform/points.sql
-- says of those loaded from now on.
UPDATE point_analytics_data SET expires_at = NULL
WHERE expires_at < '1900-01-01' OR expires_at >= '9000-01-01';
UPDATE card_lot SET expires_at = NULL
WHERE expires_at < '1900-01-01' OR expires_at >= '9000-01-01';
