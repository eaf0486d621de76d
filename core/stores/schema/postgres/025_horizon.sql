-- Lots at an instant before the horizon follow from all bookings until then: where some of
-- these are archived they are refused, never told from half of them.
CREATE OR REPLACE FUNCTION loyalty_reporting_booked_since(as_of timestamp)
    RETURNS timestamp
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    horizon timestamp := (SELECT instant FROM card_horizon);
BEGIN
    IF as_of >= horizon - interval '1 microsecond' THEN
        RETURN horizon;
    END IF;
    IF EXISTS (SELECT FROM archived_month WHERE month <= as_of) THEN
        RAISE EXCEPTION 'Points at % are not known: bookings before % are archived.',
            as_of, horizon
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Ask from then on, or restore the months.';
    END IF;
    RETURN '-infinity';
END
$$;
