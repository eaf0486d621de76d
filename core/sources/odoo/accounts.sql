-- What was booked on the cards that are accounts: loyalty cards, eWallets and gift
-- cards. The points of a coupon only say whether it was used.
account_program AS (
    SELECT id, program_type, company_id, program_type IN ('gift_card', 'ewallet') AS pays
    FROM loyalty_program
    WHERE program_type IN ('loyalty', 'gift_card', 'ewallet') OR applies_on = 'both'
)
