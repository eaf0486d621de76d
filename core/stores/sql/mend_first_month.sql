coalesce((SELECT min(g.first_month) FROM mend_gone g
          WHERE g.order_key = f.order_key AND g.program_key = f.program_key),
         (SELECT d.first_month FROM fact_document d WHERE d.order_key = f.order_key),
         date_trunc('month', f.transaction_date)::date)
