-- Is there any card of which its source does not say whose it is?
SELECT EXISTS (SELECT FROM loyalty_reporting_card
               WHERE partner_id IS NULL AND source = ANY(%(sources)s))
